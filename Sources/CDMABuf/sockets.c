/* Unix sockets and the descriptors that travel over them: in C for the CMSG macros and hidden calls. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int cdmabuf_unix_socket(int type) { return socket(AF_UNIX, type | SOCK_CLOEXEC, 0); }

static int address(struct sockaddr_un *result, const char *path) {
  memset(result, 0, sizeof *result);
  result->sun_family = AF_UNIX;
  if (strlen(path) >= sizeof result->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(result->sun_path, path);
  return 0;
}

int cdmabuf_unix_bind(int fd, const char *path) {
  struct sockaddr_un name;
  return address(&name, path) < 0 ? -1 : bind(fd, (struct sockaddr *)&name, sizeof name);
}

int cdmabuf_unix_connect(int fd, const char *path) {
  struct sockaddr_un name;
  return address(&name, path) < 0 ? -1 : connect(fd, (struct sockaddr *)&name, sizeof name);
}

void cdmabuf_limit_sending(int fd, uint64_t nanoseconds) {
  struct timeval limit = {(time_t)(nanoseconds / 1000000000), (suseconds_t)(nanoseconds % 1000000000 / 1000)};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int cdmabuf_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

static int peer_of(int fd, struct ucred *peer) {
  socklen_t length = sizeof *peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length);
}

int cdmabuf_peer_user(int fd, uid_t *user) {
  struct ucred peer;
  if (peer_of(fd, &peer) < 0) return -1;
  *user = peer.uid;
  return 0;
}

int cdmabuf_peer_process(int fd, pid_t *process) {
  struct ucred peer;
  if (peer_of(fd, &peer) < 0) return -1;
  *process = peer.pid;
  return 0;
}

ssize_t cdmabuf_send(int fd, const void *bytes, size_t count, const int descriptors[], size_t descriptor_count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * CDMABUF_MOST_DESCRIPTORS)];
  } control = {0};
  struct iovec piece = {(void *)bytes, count};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (descriptor_count > CDMABUF_MOST_DESCRIPTORS) {
    errno = EINVAL;
    return -1;
  }
  if (descriptor_count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
  }
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

ssize_t cdmabuf_receive(
  int fd, void *bytes, size_t count, int descriptors[CDMABUF_MOST_DESCRIPTORS], size_t *descriptor_count,
  bool *is_truncated) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * CDMABUF_MOST_DESCRIPTORS)];
  } control;
  struct iovec piece = {bytes, count};
  struct msghdr message = {
    .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  *descriptor_count = 0;
  ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) return -1;
  *is_truncated = message.msg_flags & (MSG_CTRUNC | MSG_TRUNC);
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t found = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < found; i++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
      if (*descriptor_count < CDMABUF_MOST_DESCRIPTORS)
        descriptors[(*descriptor_count)++] = descriptor;
      else
        close(descriptor);
    }
  }
  return length;
}

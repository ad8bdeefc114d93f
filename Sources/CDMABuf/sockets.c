/* SPDX-License-Identifier: MIT */
/* Passing descriptors over Unix sockets, and the process at the other end. In C for the CMSG macros, and for
   accept4(2) and struct ucred, which need _GNU_SOURCE. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Unix sockets and the descriptors that travel over them; starting a program that stays behind. */
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

/* What the caller has inherited is not the holder's to keep open. */
static void close_from(unsigned first) {
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  /* Before Linux 5.9. */
  for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++) close((int)fd);
}

/* In the process that stays behind: only these descriptors, from 3 on, and nothing of the caller's. */
static void become(char *const argv[], const int descriptors[], size_t count) {
  static char *const no_environment[] = {NULL};
  int copies[CDMABUF_MOST_DESCRIPTORS];
  sigset_t none;
  for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
  signal(SIGHUP, SIG_IGN);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  umask(077);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || chdir("/") < 0) return;
  /* First out of the way, then into place. */
  for (size_t i = 0; i < count; i++) {
    copies[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, (int)(3 + count));
    if (copies[i] < 0) return;
  }
  int high_null = fcntl(null, F_DUPFD_CLOEXEC, (int)(3 + count));
  if (high_null < 0) return;
  for (int stream = 0; stream < 3; stream++)
    if (dup2(high_null, stream) < 0) return;
  for (size_t i = 0; i < count; i++)
    if (dup2(copies[i], (int)(3 + i)) < 0) return;
  close_from((unsigned)(3 + count));
  execve("/proc/self/exe", argv, no_environment);
}

int cdmabuf_stay_behind(char *const argv[], const int descriptors[], size_t count) {
  int status, ready[2], error = 0;
  if (count + 1 > CDMABUF_MOST_DESCRIPTORS) {
    errno = EINVAL;
    return -1;
  }
  if (pipe2(ready, O_CLOEXEC) < 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    int passed[CDMABUF_MOST_DESCRIPTORS];
    passed[0] = ready[1];
    memcpy(passed + 1, descriptors, sizeof(int) * count);
    setsid();
    pid_t grandchild = fork();
    if (grandchild == 0) {
      become(argv, passed, count + 1);
      error = errno;
      (void)!write(ready[1], &error, sizeof error);
    }
    _exit(grandchild < 0);
  }
  if (child < 0) error = errno;
  close(ready[1]);
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child > 0) {
    ssize_t got;
    while ((got = read(ready[0], &error, sizeof error)) < 0 && errno == EINTR) {
    }
    /* It says 0 once it serves; silence is a death. */
    if (got != sizeof error) error = ECHILD;
  }
  close(ready[0]);
  errno = error;
  return error == 0 ? 0 : -1;
}

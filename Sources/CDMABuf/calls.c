/* SPDX-License-Identifier: MIT */
/* System calls, constants and macros that Swift does not import, one line each. In C, because they need _GNU_SOURCE. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

const int CDMABUF_F_ADD_SEALS = F_ADD_SEALS;
const int CDMABUF_F_GET_SEALS = F_GET_SEALS;
const int CDMABUF_F_SEAL_SHRINK = F_SEAL_SHRINK;
const int CDMABUF_O_PATH = O_PATH;
const uint64_t CDMABUF_CLONE_THREAD = CLONE_THREAD;

int cdmabuf_memfd_create(const char *name, unsigned int flags) { return memfd_create(name, flags); }

int cdmabuf_execvpe(const char *file, char *const argv[], char *const environment[]) {
  return execvpe(file, argv, environment);
}

int cdmabuf_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int cdmabuf_name_process(const char *name) { return prctl(PR_SET_NAME, name); }

void cdmabuf_close_from(unsigned int first) {
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  /* Before Linux 5.9. */
  for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++) close((int)fd);
}

int cdmabuf_fcntl(int fd, int command, int argument) { return fcntl(fd, command, argument); }

int cdmabuf_fallocate(int fd, off_t length) { return fallocate(fd, 0, 0, length); }

ssize_t cdmabuf_getdents64(int fd, void *buffer, size_t length) {
  return getdents64(fd, buffer, length);
}

/* Through syscall(2), because glibc has wrappers only since 2.36. */
int cdmabuf_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cdmabuf_pidfd_getfd(int pidfd, int fd) { return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0); }

const void *cdmabuf_find(const void *bytes, size_t count, const char *text) {
  return memmem(bytes, count, text, strlen(text));
}

int cdmabuf_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

long cdmabuf_path_magic(const char *path) {
  struct statfs information;
  return statfs(path, &information) == 0 ? (long)information.f_type : -1;
}

long cdmabuf_magic(int fd) {
  struct statfs information;
  return fstatfs(fd, &information) == 0 ? (long)information.f_type : -1;
}

uint64_t cdmabuf_device(dev_t device) {
  return (uint64_t)major(device) << 32 | minor(device);
}

int cdmabuf_poll(struct pollfd *entries, size_t count, uint64_t nanoseconds) {
  struct timespec limit = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
  return ppoll(entries, count, nanoseconds == UINT64_MAX ? NULL : &limit, NULL);
}

int cdmabuf_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

const char *cdmabuf_errno_name(int error) { return strerrorname_np(error); }

int cdmabuf_run_on_processor(unsigned number) {
  size_t size = CPU_ALLOC_SIZE(number + 1);
  cpu_set_t *set = CPU_ALLOC(number + 1);
  if (!set) return -1;
  CPU_ZERO_S(size, set);
  CPU_SET_S(number, size, set);
  int result = sched_setaffinity(0, size, set);
  CPU_FREE(set);
  return result;
}

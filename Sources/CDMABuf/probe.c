/* SPDX-License-Identifier: MIT */
/* Calls that only probing needs. In C, because they need _GNU_SOURCE, or libc has no wrapper for them. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <linux/kcmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

pid_t cdmabuf_fork_apart(void) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    /* SIGALRM interrupts the child, but may have been inherited as blocked. */
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
  }
  return child;
}

void cdmabuf_end_child(void) { _exit(0); }

void cdmabuf_end_child_with(int status) { _exit(status); }

void cdmabuf_outlive_parent(void) { prctl(PR_SET_PDEATHSIG, 0); }

int cdmabuf_same_file(int first, int second) {
  pid_t self = getpid();
  return (int)syscall(SYS_kcmp, self, self, KCMP_FILE, first, second);
}

int cdmabuf_pidfd_getfd_with(int pidfd, int fd, unsigned int flags) {
  return (int)syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}

ssize_t cdmabuf_read_process(pid_t process, const void *from, void *to, size_t count) {
  struct iovec local = {to, count}, remote = {(void *)from, count};
  return process_vm_readv(process, &local, 1, &remote, 1, 0);
}

int cdmabuf_bpf(int command, void *attributes, unsigned int size) {
  return (int)syscall(SYS_bpf, command, attributes, size);
}

int cdmabuf_epoll(int fd, unsigned int events) {
  struct epoll_event event = {.events = events};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) return -1;
  return epoll;
}

unsigned int cdmabuf_epoll_ready(int epoll, int milliseconds) {
  struct epoll_event event;
  return epoll_wait(epoll, &event, 1, milliseconds) == 1 ? event.events : 0;
}

int cdmabuf_become(uid_t user) {
  if (setresgid(user, user, user) < 0) return -1;
  return setresuid(user, user, user);
}

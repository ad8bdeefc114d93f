/* Starting a program that stays behind. In C, because what runs between fork(2) and exec(2) has to be
   async-signal-safe. */
#define _GNU_SOURCE
#include "CDMABuf.h"
#include "CHolder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

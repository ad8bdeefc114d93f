/* Running a command with chosen descriptors: fork, exec, pass signals on, wait. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static bool ignores_broken_pipes;

void cdmabuf_ignore_broken_pipes(void) {
  struct sigaction action = {.sa_handler = SIG_IGN}, before;
  sigemptyset(&action.sa_mask);
  sigaction(SIGPIPE, &action, &before);
  ignores_broken_pipes = before.sa_handler == SIG_IGN;
}

static volatile sig_atomic_t child;

/*
 * A terminal's ^C reaches the whole foreground group by itself (si_code SI_KERNEL); only what was
 * sent to this process alone needs passing on.
 */
static void pass_on(int signal, siginfo_t *information, void *context) {
  int saved = errno;
  (void)context;
  if (information->si_code <= 0 && child > 0) kill(child, signal);
  errno = saved;
}

static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
enum { PASSED = sizeof passed / sizeof *passed };

static void become(
  char *const argv[], char *const environment[], const int descriptors[], size_t count, int failure) {
  for (size_t i = 0; i < count; i++) {
    int flags = fcntl(descriptors[i], F_GETFD);
    if (flags < 0 || fcntl(descriptors[i], F_SETFD, flags & ~FD_CLOEXEC) < 0) goto failed;
  }
  if (!ignores_broken_pipes) signal(SIGPIPE, SIG_DFL);
  execvpe(argv[0], argv, environment);
failed:;
  int error = errno;
  while (write(failure, &error, sizeof error) < 0 && errno == EINTR) {
  }
  _exit(127);
}

int cdmabuf_run(
  char *const argv[], char *const environment[], const int descriptors[], size_t count) {
  struct sigaction before[PASSED], action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
  int failure[2], status = 0, error = 0;
  sigset_t all, mask;
  if (pipe2(failure, O_CLOEXEC) < 0) return -1;

  /* Until the handlers know whom to pass a signal to, signals wait. */
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &mask);
  sigemptyset(&action.sa_mask);
  cdmabuf_interrupt_after(0);
  for (int i = 0; i < PASSED; i++) {
    sigaction(passed[i], NULL, &before[i]);
    if (before[i].sa_handler != SIG_IGN) sigaction(passed[i], &action, NULL);
  }
  child = fork();
  if (child == 0) {
    for (int i = 0; i < PASSED; i++)
      if (before[i].sa_handler != SIG_IGN) signal(passed[i], SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    become(argv, environment, descriptors, count, failure[1]);
  }
  error = child < 0 ? errno : 0;
  sigprocmask(SIG_SETMASK, &mask, NULL);
  close(failure[1]);
  if (child > 0) {
    ssize_t got;
    while ((got = read(failure[0], &error, sizeof error)) < 0 && errno == EINTR) {
    }
    if (got <= 0) error = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  close(failure[0]);
  child = 0;
  for (int i = 0; i < PASSED; i++) sigaction(passed[i], &before[i], NULL);
  errno = error;
  return error ? -1 : status;
}

int cdmabuf_exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

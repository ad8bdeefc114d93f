/* Running a command with chosen descriptors: fork, exec, pass signals on, wait. In C, because what runs between
   fork(2) and exec(2), and what handles signals, has to be async-signal-safe. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child;

/* A terminal's ^C reaches the whole foreground group by itself, and is the kernel's: it has no si_code of a sender. */
static bool is_of_terminal(int signal, const siginfo_t *information) {
  return information->si_code > 0 && signal != SIGTERM && signal != SIGALRM && signal != SIGUSR1 && signal != SIGUSR2;
}

/* Only what was sent to this process alone needs passing on. */
static void pass_on(int signal, siginfo_t *information, void *context) {
  int saved = errno;
  (void)context;
  if (!is_of_terminal(signal, information) && child > 0) kill(child, signal);
  errno = saved;
}

static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
enum { PASSED = sizeof passed / sizeof *passed };

static void become(
  char *const argv[], char *const environment[], const int descriptors[], size_t count, int failure) {
  for (size_t i = 0; i < count; i++) {
    int flags = fcntl(descriptors[i], F_GETFD);
    if (flags < 0 || fcntl(descriptors[i], F_SETFD, flags & ~FD_CLOEXEC) < 0) goto failed;
  }
  /* Signals that came since the fork come now, and end the child. */
  cdmabuf_restore_signals();
  execvpe(argv[0], argv, environment);
failed:;
  int error = errno;
  while (write(failure, &error, sizeof error) < 0 && errno == EINTR) {
  }
  _exit(127);
}

/* Signals that wait since before there was a child: a terminal has not sent them to it. */
static void pass_pending_on(void) {
  sigset_t pending;
  if (sigpending(&pending) < 0) return;
  for (int i = 0; i < PASSED; i++)
    if (passed[i] != SIGWINCH && passed[i] != SIGCONT && sigismember(&pending, passed[i]) == 1) kill(child, passed[i]);
}

/* The status of the command; -1 with errno when it cannot be had. */
static int wait_for_child(int failure) {
  int status = 0, error = 0;
  ssize_t got;
  while ((got = read(failure, &error, sizeof error)) < 0 && errno == EINTR) {
  }
  /* Nothing is passed on from its end on: once it is reaped, its number may be another process's. */
  pid_t ended, process = child;
  siginfo_t information;
  while (waitid(P_PID, process, &information, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  child = 0;
  while ((ended = waitpid(process, &status, 0)) < 0 && errno == EINTR) {
  }
  if (got == (ssize_t)sizeof error) {
    errno = error;
    return -1;
  }
  return ended < 0 ? -1 : status;
}

int cdmabuf_run(
  char *const argv[], char *const environment[], const int descriptors[], size_t count) {
  struct sigaction before[PASSED], action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
  int failure[2], status = -1, error = 0;
  sigset_t all, mask;
  if (pipe2(failure, O_CLOEXEC) < 0) return -1;

  /* Until the handlers know whom to pass a signal to, signals wait. */
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &mask);
  if (cdmabuf_ending_signal() != 0) {
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(failure[0]);
    close(failure[1]);
    errno = EINTR;
    return -1;
  }
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < PASSED; i++) {
    sigaction(passed[i], NULL, &before[i]);
    if (before[i].sa_handler != SIG_IGN) sigaction(passed[i], &action, NULL);
  }
  child = fork();
  if (child == 0) {
    for (int i = 0; i < PASSED; i++)
      if (before[i].sa_handler != SIG_IGN) signal(passed[i], SIG_DFL);
    become(argv, environment, descriptors, count, failure[1]);
  }
  error = errno;
  if (child > 0) pass_pending_on();
  sigprocmask(SIG_SETMASK, &mask, NULL);
  close(failure[1]);
  if (child > 0) {
    status = wait_for_child(failure[0]);
    error = errno;
  }
  close(failure[0]);
  child = 0;
  for (int i = 0; i < PASSED; i++) sigaction(passed[i], &before[i], NULL);
  errno = error;
  return status;
}

int cdmabuf_exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

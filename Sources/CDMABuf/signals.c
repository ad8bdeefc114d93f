/* The process's signals: noting those that ask it to end, and waking calls that would sleep. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile sig_atomic_t noted;

static void note(int signal);

/* No SA_RESTART: the interrupted call is the point. */
static void handle(int signal) {
  struct sigaction action = {.sa_handler = note};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}

int cdmabuf_interrupt_after(uint64_t nanoseconds) {
  struct itimerval timer = {{0, 0}, {0, 0}};
  if (nanoseconds > 0) {
    handle(SIGALRM);
    uint64_t microseconds = (nanoseconds + 999) / 1000;
    timer.it_value.tv_sec = (time_t)(microseconds / 1000000);
    timer.it_value.tv_usec = (suseconds_t)(microseconds % 1000000);
    timer.it_interval.tv_usec = 10000;
  }
  return setitimer(ITIMER_REAL, &timer, NULL);
}

static void note(int signal) {
  if (noted == 0 && signal != SIGALRM) {
    noted = signal;
    cdmabuf_interrupt_after(1);
  }
}

void cdmabuf_catch_ending_signals(void) {
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
    struct sigaction now;
    /* What the caller had ignored (nohup) stays ignored. */
    if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) handle(ending[i]);
  }
}

int cdmabuf_ending_signal(void) { return noted; }

void cdmabuf_end_by_signal(int signal) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigset_t all;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
  sigemptyset(&all);
  sigaddset(&all, signal);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  kill(getpid(), signal);
}

/* SPDX-License-Identifier: MIT */
/* The process's signals: records those that ask it to end, and interrupts sleeping calls. In C, because
   signal handlers have to be async-signal-safe. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* SIGALRM is included: an alarm that was set before exec(2) still arrives, and must not leave anything open. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM};
enum { ENDING = sizeof ending / sizeof *ending };
static volatile sig_atomic_t noted;
static volatile sig_atomic_t ends_at_once;

/* ---- interrupting a sleeping system call of a thread --------------------------------------- */

/* A timer that sends a thread a signal without another use. Timers belong to one process: a child after fork(2), and
   another thread, need their own. */
struct waker {
  timer_t timer;
  pid_t thread;
};

static _Thread_local struct waker deadline_waker;
static struct waker ending_waker;

static int wake_signal(void) { return SIGRTMAX; }

static void wake(int signal) { (void)signal; }

/* No SA_RESTART: the signal has to interrupt calls. */
static void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}

static void let_wake(void) {
  sigset_t set;
  handle(wake_signal(), wake);
  sigemptyset(&set);
  sigaddset(&set, wake_signal());
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int start_waking(struct waker *waker, pid_t thread, uint64_t nanoseconds) {
  struct itimerspec when = {
    .it_value = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)},
    .it_interval = {0, 10000000},
  };
  if (waker->thread != thread) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = wake_signal();
    event._sigev_un._tid = thread;
    if (timer_create(CLOCK_MONOTONIC, &event, &waker->timer) < 0) return -1;
    waker->thread = thread;
  }
  return timer_settime(waker->timer, 0, &when, NULL);
}

int cdmabuf_interrupt_after(uint64_t nanoseconds) {
  pid_t thread = (pid_t)syscall(SYS_gettid);
  if (nanoseconds > 0) {
    let_wake();
    return start_waking(&deadline_waker, thread, nanoseconds);
  }
  if (deadline_waker.thread == thread) timer_delete(deadline_waker.timer);
  deadline_waker.thread = 0;
  return 0;
}

/* ---- signals that ask the process to end -------------------------------------------------- */

static void note(int signal) {
  if (ends_at_once) {
    cdmabuf_terminal_leave();
    cdmabuf_end_by_signal(signal);
  }
  if (noted == 0) {
    noted = signal;
    /* The main thread's id is the process id. */
    start_waking(&ending_waker, getpid(), 1);
  }
}

/* The inherited settings, for the commands that this process starts. */
static struct {
  bool is_known;
  sigset_t mask;
  bool ignored[NSIG];
} inherited;

static const int adjusted[] = {SIGPIPE, SIGXFSZ, SIGCHLD};
enum { ADJUSTED = sizeof adjusted / sizeof *adjusted };

void cdmabuf_adopt_signals(void) {
  inherited.is_known = true;
  sigprocmask(SIG_SETMASK, NULL, &inherited.mask);
  for (size_t i = 0; i < ADJUSTED; i++) {
    struct sigaction before;
    /* Writes then fail with EPIPE and EFBIG. An ignored SIGCHLD would prevent waiting for children. */
    struct sigaction action = {.sa_handler = adjusted[i] == SIGCHLD ? SIG_DFL : SIG_IGN};
    sigemptyset(&action.sa_mask);
    if (sigaction(adjusted[i], &action, &before) == 0)
      inherited.ignored[adjusted[i]] = before.sa_handler == SIG_IGN || before.sa_flags & SA_NOCLDWAIT;
  }
  cdmabuf_catch_ending_signals();
}

bool cdmabuf_restore_signals(void) {
  if (!inherited.is_known) return false;
  for (size_t i = 0; i < ADJUSTED; i++) signal(adjusted[i], inherited.ignored[adjusted[i]] ? SIG_IGN : SIG_DFL);
  sigprocmask(SIG_SETMASK, &inherited.mask, NULL);
  return true;
}

void cdmabuf_catch_ending_signals(void) {
  sigset_t caught;
  let_wake();
  sigemptyset(&caught);
  for (size_t i = 0; i < ENDING; i++) {
    struct sigaction now;
    /* A signal that the caller ignored (nohup) stays ignored. A signal that it blocked must still end this process. */
    if (sigaction(ending[i], NULL, &now) != 0 || now.sa_handler == SIG_IGN) continue;
    handle(ending[i], note);
    sigaddset(&caught, ending[i]);
  }
  sigprocmask(SIG_UNBLOCK, &caught, NULL);
}

int cdmabuf_ending_signal(void) { return noted; }

bool cdmabuf_end_at_once(bool enabled) {
  bool before = ends_at_once;
  ends_at_once = enabled;
  return before;
}

void cdmabuf_release_ending_signals(void) {
  for (size_t i = 0; i < ENDING; i++) {
    struct sigaction now;
    if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler == note) signal(ending[i], SIG_DFL);
  }
}

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

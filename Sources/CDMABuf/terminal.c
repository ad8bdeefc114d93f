/* SPDX-License-Identifier: MIT */
/* A terminal whose mode is changed. In C, because a signal handler, and the functions it calls, have to be
   async-signal-safe. */
#include "CDMABuf.h"

#include <signal.h>
#include <unistd.h>

static struct termios usual_mode;
static bool has_other_screen;
static struct sigaction usual_suspend, usual_resize;
static volatile sig_atomic_t entered = -1;
static volatile sig_atomic_t events;

static void note(int signal) { events |= signal == SIGTSTP ? CDMABUF_EVENT_SUSPEND : CDMABUF_EVENT_RESIZE; }

/* No SA_RESTART: the signal has to interrupt the wait for a key. */
static void handle(int signal, struct sigaction *usual) {
  struct sigaction action = {.sa_handler = note};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, usual);
}

void cdmabuf_terminal_enter(int fd, const struct termios *before, bool full_screen) {
  usual_mode = *before;
  has_other_screen = full_screen;
  handle(SIGWINCH, &usual_resize);
  handle(SIGTSTP, &usual_suspend);
  entered = fd;
}

void cdmabuf_terminal_leave(void) {
  static const char usual_screen[] = "\033[?25h\033[?1049l";
  if (entered < 0) return;
  if (has_other_screen) {
    ssize_t written = write(STDOUT_FILENO, usual_screen, sizeof usual_screen - 1);
    (void)written;
  }
  tcsetattr(entered, has_other_screen ? TCSADRAIN : TCSANOW, &usual_mode);
  entered = -1;
  sigaction(SIGTSTP, &usual_suspend, NULL);
  sigaction(SIGWINCH, &usual_resize, NULL);
}

int cdmabuf_terminal_events(void) {
  int seen = events;
  events = 0;
  return seen;
}

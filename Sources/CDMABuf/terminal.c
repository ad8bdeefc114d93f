/* A terminal that is drawn on: keys as they are typed, and signals that change what is drawn. */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t entered = -1;
static volatile sig_atomic_t events;

static void note(int signal) { events |= signal == SIGTSTP ? CDMABUF_EVENT_SUSPEND : CDMABUF_EVENT_RESIZE; }

/* No SA_RESTART: waiting for a key has to end. */
static void handle(int signal) {
  struct sigaction action = {.sa_handler = note};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}

int cdmabuf_terminal_enter(int fd) {
  struct termios mode;
  if (tcgetattr(fd, &before) != 0) return -1;
  mode = before;
  /* Keys without waiting for a line and without an echo; ^C and ^Z stay signals. */
  mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  mode.c_cc[VMIN] = 0;
  mode.c_cc[VTIME] = 0;
  handle(SIGWINCH);
  handle(SIGTSTP);
  entered = fd;
  return tcsetattr(fd, TCSADRAIN, &mode);
}

void cdmabuf_terminal_leave(void) {
  static const char usual[] = "\033[?25h\033[?1049l";
  if (entered < 0) return;
  ssize_t written = write(STDOUT_FILENO, usual, sizeof usual - 1);
  (void)written;
  tcsetattr(entered, TCSADRAIN, &before);
  entered = -1;
  signal(SIGTSTP, SIG_DFL);
  signal(SIGWINCH, SIG_DFL);
}

int cdmabuf_terminal_events(void) {
  int seen = events;
  events = 0;
  return seen;
}

void cdmabuf_suspend(void) {
  signal(SIGTSTP, SIG_DFL);
  raise(SIGTSTP);
}

int cdmabuf_wait_readable(int fd, int milliseconds) {
  struct pollfd wanted = {.fd = fd, .events = POLLIN};
  return poll(&wanted, 1, milliseconds);
}

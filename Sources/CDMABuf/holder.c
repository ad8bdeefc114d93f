/*
 * The process that stays behind and keeps descriptors under a name. It is this executable again, under the
 * name `dmabuf-holder`; it runs from a constructor, before and without the Swift runtime, so that it needs
 * a tenth of the memory.
 *
 *     dmabuf-holder NAME DESCRIPTION COUNT
 *
 * Descriptors: 3, a pipe to write an int to once it serves; 4, the runtime directory; 5, the listening
 * socket; from 6 on, COUNT that it keeps, the first of which it hands out. It ends when it is released, on
 * SIGTERM and its like, and once its socket is gone: the end of a login session removes it.
 */
#define _GNU_SOURCE
#include "CDMABuf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READY = 3, DIRECTORY = 4, LISTENER = 5, OBJECT = 6 };

/* A client has this long to say what it wants; more clients at a time wait for others to leave. */
enum { PATIENCE_SECONDS = 2, MOST_CLIENTS = 32, LOOK_MILLISECONDS = 10000 };

struct holder {
  const char *name;
  const char *description;
  int count;
};

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

/* Answers one request of a client of the same user; anything else is not answered. */
static bool is_released_by(int client, const struct holder *holder) {
  char request[2];
  uid_t user;
  int object = OBJECT;
  if (cdmabuf_peer_user(client, &user) < 0 || user != geteuid()) return false;
  if (recv(client, request, sizeof request, 0) != 1) return false;
  switch (request[0]) {
    case CDMABUF_HOLDER_DESCRIBE:
      cdmabuf_send(client, holder->description, strlen(holder->description), NULL, 0);
      return false;
    case CDMABUF_HOLDER_FETCH:
      cdmabuf_send(client, holder->description, strlen(holder->description), &object, 1);
      return false;
    case CDMABUF_HOLDER_RELEASE:
      /* All is gone when the answer comes. */
      unlinkat(DIRECTORY, holder->name, 0);
      for (int i = 0; i < holder->count; i++) close(OBJECT + i);
      cdmabuf_send(client, holder->description, strlen(holder->description), NULL, 0);
      return true;
    default:
      return false;
  }
}

static bool is_still_there(const char *name) {
  struct stat status;
  return fstatat(DIRECTORY, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static void serve(const struct holder *holder) {
  struct pollfd entries[1 + MOST_CLIENTS] = {{.fd = LISTENER, .events = POLLIN}};
  time_t deadlines[1 + MOST_CLIENTS];
  nfds_t count = 1;
  while (cdmabuf_ending_signal() == 0) {
    entries[0].events = count <= MOST_CLIENTS ? POLLIN : 0;
    int ready = poll(entries, count, count == 1 ? LOOK_MILLISECONDS : 500);
    if (ready < 0) continue;
    if (ready == 0 && count == 1 && !is_still_there(holder->name)) return;

    nfds_t kept = 1;
    for (nfds_t i = 1; i < count; i++) {
      if (entries[i].revents == 0 && now() < deadlines[i]) {
        deadlines[kept] = deadlines[i];
        entries[kept++] = entries[i];
        continue;
      }
      if (entries[i].revents != 0 && is_released_by(entries[i].fd, holder)) return;
      close(entries[i].fd);
    }
    count = kept;
    if (entries[0].revents != 0) {
      int client = cdmabuf_accept(LISTENER);
      if (client >= 0) {
        entries[count] = (struct pollfd){.fd = client, .events = POLLIN};
        deadlines[count++] = now() + PATIENCE_SECONDS;
      }
    }
  }
  unlinkat(DIRECTORY, holder->name, 0);
}

static void say_ready(int error) {
  (void)!write(READY, &error, sizeof error);
  close(READY);
}

/* Before all other constructors, those of the Swift runtime among them. */
__attribute__((constructor(101))) static void hold(int argc, char **argv) {
  if (argc != 4 || strcmp(argv[0], CDMABUF_HOLDER) != 0) return;
  struct holder holder = {.name = argv[1], .description = argv[2], .count = atoi(argv[3])};
  if (holder.count < 1 || holder.count > CDMABUF_MOST_DESCRIPTORS) _exit(64);
  for (int fd = READY; fd < OBJECT + holder.count; fd++) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) _exit(64);
  }
  /* The kernel took `exe` from /proc/self/exe. */
  prctl(PR_SET_NAME, CDMABUF_HOLDER);
  cdmabuf_catch_ending_signals();
  /* Listening again makes this process the one that the kernel names to clients. */
  if (listen(LISTENER, 64) < 0 || fcntl(LISTENER, F_SETFL, O_NONBLOCK) < 0) {
    say_ready(errno);
    _exit(1);
  }
  say_ready(0);
  serve(&holder);
  _exit(0);
}

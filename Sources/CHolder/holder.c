/*
 * The process that stays behind and keeps descriptors under a name. It is this executable again, under the
 * name `dmabuf-holder`. In C, because the same loop in Swift would take XXX of memory.
 *
 *     dmabuf-holder NAME DEVICE:INODE DESCRIPTION COUNT [WHEN ACTION NUMBER]
 *
 * DEVICE:INODE is its socket: another may come into the place of that, which is then not this holder's.
 * Descriptors: 3, a pipe to write an int to once it serves; 4, the runtime directory; 5, the listening
 * socket; from 6 on, COUNT that it keeps: what the name stands for, then its companions. At WHEN, in
 * nanoseconds of CLOCK_MONOTONIC, it does ACTION with NUMBER to the first companion. It ends when it is
 * released, on SIGTERM and its like, and once its socket is gone: the end of a login session removes it.
 */
#define _GNU_SOURCE
#include "CDMABuf.h"
#include "CHolder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READY = 3, DIRECTORY = 4, LISTENER = 5, OBJECT = 6, COMPANION = 7 };

/* A client has this long to say what it wants; more clients at a time wait for others to leave. */
static const uint64_t PATIENCE = 2000000000, GLANCE = 500000000, LOOK = 10000000000;
enum { MOST_CLIENTS = 32 };

struct holder {
  const char *name;
  dev_t device;
  ino_t inode;
  const char *description;
  int count;
  /* What is still to be done by itself; 0 when nothing is. */
  char action;
  uint32_t number;
  uint64_t when;
  /* Closed to accept one more client when no other descriptor is free; -1 while it is closed. */
  int spare;
};

bool cdmabuf_holder_parse(const void *bytes, size_t count, struct cdmabuf_holder_request *request) {
  const uint8_t *byte = bytes;
  *request = (struct cdmabuf_holder_request){0};
  if (count == 1) {
    request->verb = byte[0];
  } else if (count == 2 && byte[0] > 0 && byte[0] <= CDMABUF_HOLDER_LAST_VERSION) {
    request->version = byte[0];
    request->verb = byte[1];
  } else {
    return false;
  }
  switch (request->verb) {
    case CDMABUF_HOLDER_DESCRIBE:
    case CDMABUF_HOLDER_RELEASE:
      return true;
    case CDMABUF_HOLDER_FETCH:
    case CDMABUF_HOLDER_FETCH_ALL:
      /* What descriptors of another version mean is unknown: their lack tells the client. */
      if (request->version > CDMABUF_HOLDER_VERSION) request->verb = CDMABUF_HOLDER_DESCRIBE;
      return true;
    default:
      return false;
  }
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Does what is due. A refusal is nobody's to hear: somebody has signalled the fence before. */
static void act(struct holder *holder) {
  struct cdmabuf_vgem_fence_signal fence = {.fence = holder->number};
  if (holder->action == 0 || now() < holder->when) return;
  if (holder->action == CDMABUF_HOLDER_ADVANCE) (void)ioctl(COMPANION, SW_SYNC_IOC_INC, &holder->number);
  if (holder->action == CDMABUF_HOLDER_SIGNAL)
    (void)ioctl(COMPANION, CDMABUF_DRM_IOCTL_VGEM_FENCE_SIGNAL, &fence);
  holder->action = 0;
}

/* How long to sleep at most, with `clients` being listened to. */
static uint64_t patience(const struct holder *holder, nfds_t clients) {
  uint64_t longest = clients == 0 && holder->spare >= 0 ? LOOK : GLANCE, moment = now();
  if (holder->action == 0) return longest;
  if (holder->when <= moment) return 0;
  return holder->when - moment < longest ? holder->when - moment : longest;
}

static void hand_out(int client, const struct holder *holder, int count) {
  int descriptors[CDMABUF_MOST_DESCRIPTORS];
  for (int i = 0; i < count; i++) descriptors[i] = OBJECT + i;
  cdmabuf_send(client, holder->description, strlen(holder->description), descriptors, (size_t)count);
}

static bool has_its_socket(const struct holder *holder) {
  struct stat status;
  return fstatat(DIRECTORY, holder->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
    status.st_dev == holder->device && status.st_ino == holder->inode;
}

static void remove_socket(const struct holder *holder) {
  if (has_its_socket(holder)) unlinkat(DIRECTORY, holder->name, 0);
}

/* Answers one request of a client of the same user; anything else is not answered. */
static bool is_released_by(int client, const struct holder *holder) {
  char bytes[3];
  struct cdmabuf_holder_request request;
  uid_t user;
  if (cdmabuf_peer_user(client, &user) < 0 || user != geteuid()) return false;
  ssize_t count = recv(client, bytes, sizeof bytes, 0);
  if (count < 0 || !cdmabuf_holder_parse(bytes, (size_t)count, &request)) return false;
  switch (request.verb) {
    case CDMABUF_HOLDER_DESCRIBE:
      cdmabuf_send(client, holder->description, strlen(holder->description), NULL, 0);
      return false;
    case CDMABUF_HOLDER_FETCH:
      hand_out(client, holder, 1);
      return false;
    case CDMABUF_HOLDER_FETCH_ALL:
      hand_out(client, holder, holder->count);
      return false;
    case CDMABUF_HOLDER_RELEASE:
      /* All is gone when the answer comes. */
      remove_socket(holder);
      for (int i = 0; i < holder->count; i++) close(OBJECT + i);
      cdmabuf_send(client, holder->description, strlen(holder->description), NULL, 0);
      return true;
    default:
      return false;
  }
}

/* The next client. One that comes when no descriptor is left gets the spare, and others wait until it has gone. */
static int accept_client(struct holder *holder) {
  int client = cdmabuf_accept(LISTENER);
  if (client < 0 && (errno == EMFILE || errno == ENFILE)) {
    close(holder->spare);
    holder->spare = -1;
    client = cdmabuf_accept(LISTENER);
  }
  return client;
}

static void serve(struct holder *holder) {
  struct pollfd entries[1 + MOST_CLIENTS] = {{.fd = LISTENER, .events = POLLIN}};
  uint64_t deadlines[1 + MOST_CLIENTS];
  nfds_t count = 1;
  while (cdmabuf_ending_signal() == 0) {
    if (holder->spare < 0) holder->spare = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    entries[0].events = count <= MOST_CLIENTS && holder->spare >= 0 ? POLLIN : 0;
    int ready = cdmabuf_poll(entries, count, patience(holder, count - 1));
    act(holder);
    if (ready < 0) continue;
    if (ready == 0 && count == 1 && !has_its_socket(holder)) return;

    nfds_t kept = 1;
    for (nfds_t i = 1; i < count; i++) {
      if (entries[i].revents == 0 && now() < deadlines[i]) {
        deadlines[kept] = deadlines[i];
        entries[kept++] = entries[i];
        continue;
      }
      /* A client that has hung up waits for nothing any more: what it asked for would come as a surprise. */
      bool is_waiting = entries[i].revents != 0 && !(entries[i].revents & POLLHUP);
      if (is_waiting && is_released_by(entries[i].fd, holder)) return;
      close(entries[i].fd);
    }
    count = kept;
    if (entries[0].revents != 0) {
      int client = accept_client(holder);
      if (client >= 0) {
        entries[count] = (struct pollfd){.fd = client, .events = POLLIN};
        deadlines[count++] = now() + PATIENCE;
      }
    }
  }
  remove_socket(holder);
}

static void say_ready(int error) {
  (void)!write(READY, &error, sizeof error);
  close(READY);
}

bool cdmabuf_is_holder(int argc, char *const argv[]) {
  return (argc == 5 || argc == 8) && strcmp(argv[0], CDMABUF_HOLDER) == 0;
}

int cdmabuf_hold(int argc, char *const argv[]) {
  struct holder holder = {.name = argv[1], .description = argv[3], .count = atoi(argv[4])};
  char *end;
  holder.device = (dev_t)strtoull(argv[2], &end, 10);
  if (*end != ':' || holder.count < 1 || holder.count > CDMABUF_MOST_DESCRIPTORS) return 64;
  holder.inode = (ino_t)strtoull(end + 1, NULL, 10);
  if (argc == 8) {
    if (holder.count < 2) return 64;
    holder.when = strtoull(argv[5], NULL, 10);
    holder.action = argv[6][0];
    holder.number = (uint32_t)strtoul(argv[7], NULL, 10);
  }
  for (int fd = READY; fd < OBJECT + holder.count; fd++) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return 64;
  }
  /* The kernel took `exe` from /proc/self/exe. */
  prctl(PR_SET_NAME, CDMABUF_HOLDER);
  cdmabuf_catch_ending_signals();
  /* The caller's limit need not be the holder's. */
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  /* Listening again makes this process the one that the kernel names to clients. */
  holder.spare = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (holder.spare < 0 || listen(LISTENER, 64) < 0 || fcntl(LISTENER, F_SETFL, O_NONBLOCK) < 0) {
    say_ready(errno);
    return 1;
  }
  say_ready(0);
  serve(&holder);
  return 0;
}

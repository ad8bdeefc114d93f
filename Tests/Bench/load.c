/* SPDX-License-Identifier: MIT */
/* Starts processes with many descriptors, as the load of the census.

   load PROCESSES DESCRIPTORS LOOKALIKES

   Prints the load when it exists, and exits when its standard input is closed. LOOKALIKES files per process
   have a name like that of a dma-buf. This needs the right to create files in `/`. The files are unlinked at
   once. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { mappings = 50 };

static void check(int result, const char *call) {
  if (result < 0) err(1, "load: %s", call);
}

static int open_lookalike(int index) {
  char path[64];
  snprintf(path, sizeof path, "/dmabuf:bench-%d-%d", getpid(), index);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  check(fd, path);
  check(unlink(path), path);
  return fd;
}

static void open_descriptors(int count, int lookalikes) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int opened = 3;
  for (int i = 0; i < lookalikes; i++, opened++) {
    int fd = open_lookalike(i);
    /* Every fifth file has a mapping and no descriptor. */
    if (i % 5 == 4) {
      if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED) err(1, "load: mmap");
      check(close(fd), "close");
    }
  }
  for (int i = 0; opened < count; i++) {
    int two[2];
    switch (opened + 2 > count ? i % 2 : i % 4) {
    case 0: check(open("/proc/self/exe", O_RDONLY), "open"), opened++; break;
    case 1: check(eventfd(0, 0), "eventfd"), opened++; break;
    case 2: check(pipe(two), "pipe"), opened += 2; break;
    case 3: check(socketpair(AF_UNIX, SOCK_STREAM, 0, two), "socketpair"), opened += 2; break;
    }
  }
}

static void add_mappings(void) {
  int fd = open("/proc/self/exe", O_RDONLY);
  check(fd, "open");
  /* Protections alternate, because the kernel merges equal neighbours. */
  for (int i = 0; i < mappings; i++)
    if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE, fd, 0) == MAP_FAILED) err(1, "load: mmap");
  close(fd);
}

int main(int argc, char **argv) {
  if (argc != 4) errx(64, "usage: load PROCESSES DESCRIPTORS LOOKALIKES");
  int processes = atoi(argv[1]), descriptors = atoi(argv[2]), lookalikes = atoi(argv[3]);
  pid_t parent = getpid();
  int ready[2];
  check(pipe(ready), "pipe");
  for (int i = 0; i < processes; i++) {
    pid_t pid = fork();
    check(pid, "fork");
    if (pid) continue;
    /* The children end when this process ends, in any way. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    close(ready[0]);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0), dup2(null, 1), close(null);
    add_mappings();
    open_descriptors(descriptors, lookalikes);
    if (write(ready[1], "", 1) != 1) _exit(1);
    close(ready[1]);
    for (;;) pause();
  }
  close(ready[1]);
  char byte;
  int arrived = 0;
  while (read(ready[0], &byte, 1) == 1) arrived++;
  if (arrived != processes) errx(1, "load: only %d of %d processes started", arrived, processes);
  printf("%d processes, %d descriptors, %d lookalikes\n", processes, processes * descriptors,
         processes * lookalikes);
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {}
}

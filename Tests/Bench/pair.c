/* SPDX-License-Identifier: MIT */
/* Starts two programs alternately and compares the times until they exit.

   pair [-n PAIRS] [-b STARTS] [-c] [-l LIMIT] [-m LIMIT] WORK THEIRS… -- OURS…

   A sample is STARTS starts of each program. -c compares their user and system time. -m adds a row for peak memory. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static posix_spawn_file_actions_t quiet;

struct sample {
  double milliseconds;
  double processor_milliseconds;
  double kibibytes;
};

static double milliseconds(struct timeval time) { return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3; }

static struct sample start(char **command, int times) {
  struct sample sample = {0};
  uint64_t begin = now();
  for (int i = 0; i < times; i++) {
    pid_t pid;
    int status;
    struct rusage usage;
    errno = posix_spawnp(&pid, command[0], &quiet, NULL, command, environ);
    if (errno) err(1, "%s", command[0]);
    if (wait4(pid, &status, 0, &usage) < 0) err(1, "wait4");
    /* Status 1: some process could not be read. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) errx(1, "%s failed: status %#x", command[0], status);
    sample.processor_milliseconds += milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
    if (usage.ru_maxrss > sample.kibibytes) sample.kibibytes = usage.ru_maxrss;
  }
  sample.milliseconds = (double)(now() - begin) / 1e6 / times;
  sample.processor_milliseconds /= times;
  return sample;
}

int main(int argc, char **argv) {
  int pairs = 5, times = 1, option;
  bool of_processor = false;
  const char *limit = "", *memory = NULL;
  while ((option = getopt(argc, argv, "+n:b:cl:m:")) != -1) {
    switch (option) {
    case 'n': pairs = atoi(optarg); break;
    case 'b': times = atoi(optarg); break;
    case 'c': of_processor = true; break;
    case 'l': limit = optarg; break;
    case 'm': memory = optarg; break;
    default: return 64;
    }
  }
  char **theirs = argv + optind + 1, **ours = theirs;
  while (*ours && strcmp(*ours, "--")) ours++;
  if (argc - optind < 4 || !*ours || !ours[1] || pairs < 1 || times < 1) errx(64, "see pair.c");
  *ours++ = NULL;

  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);

  size_t size = (size_t)pairs * sizeof(double);
  double *time[2] = {malloc(size), malloc(size)}, *peak[2] = {malloc(size), malloc(size)};
  char **command[2] = {theirs, ours};
  for (int i = -1; i < pairs; i++) { /* -1 is the warm-up iteration */
    for (int turn = 0; turn < 2; turn++) {
      int which = (i + turn) & 1;
      struct sample sample = start(command[which], times);
      if (i < 0) continue;
      time[which][i] = of_processor ? sample.processor_milliseconds : sample.milliseconds;
      peak[which][i] = sample.kibibytes;
    }
  }
  print_row(argv[optind], time[0], time[1], pairs, "%.2f ms", limit);
  if (memory) print_row("  peak memory", peak[0], peak[1], pairs, "%.0f KiB", memory);
}

/* SPDX-License-Identifier: MIT */
/* Compares the speed of two programs, which pass over the same memory alternately.

   passes [-n PAIRS] [-s MIB] THEIRS OURS
   passes [-n PAIRS] -i FILE THEIRS OURS

   Both map one memfd, and read work from standard input: see memory.c. With -i, both convert the pictures in FILE: see
   image.c. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

struct side {
  const char *program;
  FILE *to, *from;
};

static void start(struct side *side, char *file) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) err(1, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  char *arguments[] = {(char *)side->program, file, NULL};
  pid_t pid;
  errno = posix_spawn(&pid, side->program, &actions, NULL, arguments, environ);
  if (errno) err(1, "%s", side->program);
  close(in[0]), close(out[1]);
  side->to = fdopen(in[1], "w");
  side->from = fdopen(out[0], "r");
}

/* Runs one pass and returns its nanoseconds. */
static unsigned long long pass(struct side *side, const char *work, unsigned long long *result) {
  unsigned long long elapsed;
  fprintf(side->to, "%s\n", work);
  fflush(side->to);
  if (fscanf(side->from, "%llu %llu", &elapsed, result) != 2) errx(1, "%s failed in: %s", side->program, work);
  return elapsed;
}

/* Compares bandwidths. Compares milliseconds if the size is 0. */
static void compare(struct side *sides, const char *title, const char *work, size_t size, int pairs,
                    const char *limit) {
  double *rates[2] = {malloc((size_t)pairs * sizeof(double)), malloc((size_t)pairs * sizeof(double))};
  for (int i = -1; i < pairs; i++) { /* -1 is the warm-up iteration */
    unsigned long long results[2];
    for (int turn = 0; turn < 2; turn++) {
      int which = (i + turn) & 1;
      unsigned long long elapsed = pass(&sides[which], work, &results[which]);
      if (i >= 0) rates[which][i] = size ? (double)size / (double)elapsed : (double)elapsed / 1e6;
    }
    /* Both did the same work only if both have the same result. */
    if (results[0] != results[1])
      errx(1, "%s: %s reports %llu, %s %llu", work, sides[0].program, results[0], sides[1].program, results[1]);
    if (!strncmp(work, "verify", 6) && results[0]) errx(1, "%s: the memory does not have the pattern", work);
  }
  print_row(title, rates[0], rates[1], pairs, size ? "%.1f GB/s" : "%.2f ms", limit);
  free(rates[0]), free(rates[1]);
}

static void compare_memory(struct side *sides, size_t size, int pairs) {
  int memory = memfd_create("bench", 0), copy = memfd_create("bench-copy", 0);
  if (memory < 0 || copy < 0 || ftruncate(memory, (off_t)size)) err(1, "memfd");
  char path[64], copied[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
  snprintf(copied, sizeof copied, "copy /proc/self/fd/%d", copy);
  start(&sides[0], path);
  start(&sides[1], path);

  static const char at_least[] = ">= 0.95";
  static const char *patterns[] = {"0xAA", "0x010203", "counter", "random:1"};
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    static const char *verbs[] = {"fill", "verify"};
    for (size_t j = 0; j < 2; j++) {
      char work[64];
      snprintf(work, sizeof work, "%s %s", verbs[j], patterns[i]);
      compare(sides, work, work, size, pairs, at_least);
    }
  }
  compare(sides, "checksum", "checksum", size, pairs, at_least);
  compare(sides, "copy to /dev/null (the calls alone)", "copy /dev/null", size, pairs, "");
  compare(sides, "copy to a tmpfs file", copied, size, pairs, at_least);
}

static void compare_pictures(struct side *sides, char *file, int pairs) {
  start(&sides[0], file);
  start(&sides[1], file);
  compare(sides, "NV12 to RGB (C: libyuv)", "NV12", 0, pairs, "<= 1.2");
  compare(sides, "XR24 to RGB (C: libyuv)", "XR24", 0, pairs, "");
  compare(sides, "P010 to RGB (C: libyuv)", "P010", 0, pairs, "");
}

int main(int argc, char **argv) {
  int pairs = 9, option;
  char *pictures = NULL;
  size_t size = (size_t)256 << 20;
  while ((option = getopt(argc, argv, "n:s:i:")) != -1) {
    switch (option) {
    case 'n': pairs = atoi(optarg); break;
    case 's': size = (size_t)atoi(optarg) << 20; break;
    case 'i': pictures = optarg; break;
    default: return 64;
    }
  }
  if (argc - optind != 2 || pairs < 1 || !size) errx(64, "see passes.c");

  struct side sides[2] = {{.program = argv[optind]}, {.program = argv[optind + 1]}};
  if (pictures) compare_pictures(sides, pictures, pairs);
  else compare_memory(sides, size, pairs);
}

/* SPDX-License-Identifier: MIT */
/* Shared by the benchmarks: a clock, samples in pairs, and a row of the table. */
#ifndef BENCH_H
#define BENCH_H

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* `ours` divided by `theirs`, pair by pair, so that a slow moment of the machine slows both. */
static inline void print_row(const char *work, double *theirs, double *ours, int count, const char *format,
                             const char *limit) {
  double *ratios = malloc((size_t)count * sizeof *ratios);
  if (!ratios) err(1, "malloc");
  for (int i = 0; i < count; i++) ratios[i] = ours[i] / theirs[i];
  char left[32], right[32];
  snprintf(left, sizeof left, format, median(theirs, count));
  snprintf(right, sizeof right, format, median(ours, count));
  double middle = median(ratios, count);
  printf("%-42s %12s %12s   %.2f-%.2f-%.2f   %s\n", work, left, right, ratios[0], middle, ratios[count - 1],
         limit);
  fflush(stdout);
  free(ratios);
}

#endif

/* SPDX-License-Identifier: MIT */
/* The C side of the memory benchmark. MemoryBench is the other side, with the same input and output lines.

   memory FILE */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

enum { block = 4096, piece = 64 << 20 };

static uint64_t split_mix(uint64_t seed, uint64_t index) {
  uint64_t word = seed + (index + 1) * 0x9e3779b97f4a7c15;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

static void fill_tile(char *bytes, size_t size, const char *tile, size_t length) {
  for (size_t at = 0; at < size; at += length) memcpy(bytes + at, tile, size - at < length ? size - at : length);
}

static size_t verify_tile(const char *bytes, size_t size, const char *tile, size_t length) {
  size_t bad = 0;
  for (size_t at = 0; at < size; at += length) bad += memcmp(bytes + at, tile, size - at < length ? size - at : length) != 0;
  return bad;
}

static void fill_counter(uint64_t *words, size_t count) {
  for (size_t i = 0; i < count; i++) words[i] = i;
}

static void fill_random(uint64_t *words, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) words[i] = split_mix(seed, i);
}

static size_t verify_counter(const uint64_t *words, size_t count) {
  size_t bad = 0;
  for (size_t start = 0; start < count; start += block / 8) {
    uint64_t difference = 0;
    for (size_t i = start; i < start + block / 8; i++) difference |= words[i] ^ i;
    bad += difference != 0;
  }
  return bad;
}

static size_t verify_random(const uint64_t *words, size_t count, uint64_t seed) {
  size_t bad = 0;
  for (size_t start = 0; start < count; start += block / 8) {
    uint64_t difference = 0;
    for (size_t i = start; i < start + block / 8; i++) difference |= words[i] ^ split_mix(seed, i);
    bad += difference != 0;
  }
  return bad;
}

int main(int argc, char **argv) {
  if (argc != 2) errx(64, "usage: memory FILE");
  int fd = open(argv[1], O_RDWR | O_CLOEXEC);
  if (fd < 0) err(1, "memory: %s", argv[1]);
  size_t size = (size_t)lseek(fd, 0, SEEK_END);
  char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (bytes == MAP_FAILED) err(1, "memory: mmap");
  uint64_t *words = (uint64_t *)bytes;
  size_t count = size / 8;

  /* Each tile repeats its pattern as often as it fits. */
  static char same[block], three[block / 3 * 3];
  memset(same, 0xaa, sizeof same);
  for (size_t i = 0; i < sizeof three; i++) three[i] = (char)(i % 3 + 1);

  char work[256];
  while (fgets(work, sizeof work, stdin)) {
    work[strcspn(work, "\n")] = 0;
    int output = -1;
    uint64_t result = 0;
    if (!strncmp(work, "copy ", 5) && (output = open(work + 5, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
      err(1, "memory: %s", work + 5);

    uint64_t start = now();
    if (!strcmp(work, "fill 0xAA")) memset(bytes, 0xaa, size);
    else if (!strcmp(work, "fill 0x010203")) fill_tile(bytes, size, three, sizeof three);
    else if (!strcmp(work, "fill counter")) fill_counter(words, count);
    else if (!strcmp(work, "fill random:1")) fill_random(words, count, 1);
    else if (!strcmp(work, "verify 0xAA")) result = verify_tile(bytes, size, same, sizeof same);
    else if (!strcmp(work, "verify 0x010203")) result = verify_tile(bytes, size, three, sizeof three);
    else if (!strcmp(work, "verify counter")) result = verify_counter(words, count);
    else if (!strcmp(work, "verify random:1")) result = verify_random(words, count, 1);
    else if (!strcmp(work, "checksum")) result = XXH3_64bits(bytes, size);
    else if (output >= 0) {
      for (size_t at = 0; at < size;) {
        ssize_t written = write(output, bytes + at, size - at < piece ? size - at : piece);
        if (written < 0) err(1, "memory: write");
        at += (size_t)written;
      }
    } else errx(64, "memory: unknown work: %s", work);
    uint64_t elapsed = now() - start;

    if (output >= 0) close(output);
    printf("%llu %llu\n", (unsigned long long)elapsed, (unsigned long long)result);
    fflush(stdout);
  }
}

/* SplitMix64 over memory, a word at a time. In C for the pragma: without it the compiler makes vectors
   of the loops, and where vectors cannot multiply 64 bits (before AVX-512) that halves their speed. */
#include "CDMABuf.h"

#include <endian.h>

static uint64_t split_mix(uint64_t seed, uint64_t index) {
  uint64_t word = seed + (index + 1) * 0x9e3779b97f4a7c15;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

void cdmabuf_fill_random(uint64_t *words, size_t count, uint64_t seed, uint64_t first) {
#pragma clang loop vectorize(disable)
  for (size_t i = 0; i < count; i++) words[i] = htole64(split_mix(seed, first + i));
}

uint64_t cdmabuf_difference_from_random(const uint64_t *words, size_t count, uint64_t seed, uint64_t first) {
  uint64_t difference = 0;
#pragma clang loop vectorize(disable)
  for (size_t i = 0; i < count; i++) difference |= words[i] ^ htole64(split_mix(seed, first + i));
  return difference;
}

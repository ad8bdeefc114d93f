/* SPDX-License-Identifier: MIT */
/* The C side of the image benchmark. ImageBench is the other side, with the same input and output lines. Both use the
   same constants of libyuv.

   image FILE
   image        prints a picture of 1920x1080 RGB pixels, and a third of another: the bytes of 4 for each pixel */
#define _GNU_SOURCE
#include "../../Sources/CLibYUV/shim.h"
#include "bench.h"

#include <fcntl.h>
#include <libyuv/convert_from_argb.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>

enum { width = 1920, height = 1080, size = width * height * 4, pictures = 10 };

/* Compresses as a screen does on the left, and as a photograph does on the right. */
static void print_picture(void) {
  uint32_t noise = 1;
  for (int y = 0; y < height * 4 / 3; y++) {
    for (int x = 0; x < width; x++) {
      for (int channel = 0; channel < 3; channel++) {
        noise = noise * 1664525 + 1013904223;
        int screen = (x / 3 * 7 ^ y / 5 * 11) % 16 || (x / 240 + y / 90) % 2 ? 240 - channel * 8 : 40;
        int photograph = (x + y * (channel + 1)) / 24 + (int)(noise >> 29);
        putchar(x < width / 2 ? screen : photograph);
      }
    }
  }
}

static void convert(const char *format, const uint8_t *bytes, uint8_t *pixels) {
  if (!strcmp(format, "NV12"))
    NV21ToARGBMatrix(bytes, width, bytes + width * height, width, pixels, width * 4, clibyuv_constants(709, false),
                     width, height);
  else if (!strcmp(format, "XR24")) ARGBToABGR(bytes, width * 4, pixels, width * 4, width, height);
  else if (!strcmp(format, "P010")) /* BGRA: as fast, because libyuv has no P010ToABGR with these constants */
    P010ToARGBMatrix((const uint16_t *)bytes, width, (const uint16_t *)bytes + width * height, width, pixels,
                     width * 4, &kYuvH709Constants, width, height);
  else errx(64, "image: unknown format: %s", format);
}

int main(int argc, char **argv) {
  if (argc != 2) return print_picture(), 0;
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) err(1, "image: %s", argv[1]);
  uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (bytes == MAP_FAILED) err(1, "image: mmap");
  if (!clibyuv_constants(709, false)) errx(1, "image: libyuv has no exact constants for this processor");

  char format[16];
  while (fgets(format, sizeof format, stdin)) {
    format[strcspn(format, "\n")] = 0;
    uint64_t elapsed = 0, result = 0;
    for (int i = 0; i < pictures; i++) {
      uint64_t start = now();
      uint8_t *pixels = malloc(size);
      if (!pixels) err(1, "image: malloc");
      convert(format, bytes, pixels);
      elapsed += now() - start;
      /* Libyuv copies the unused byte, where the library has 255. */
      for (int at = 3; at < size && !strcmp(format, "XR24"); at += 4) pixels[at] = 0xff;
      if (strcmp(format, "P010")) result = XXH3_64bits(pixels, size);
      free(pixels);
    }
    printf("%llu %llu\n", (unsigned long long)elapsed / pictures, (unsigned long long)result);
    fflush(stdout);
  }
}

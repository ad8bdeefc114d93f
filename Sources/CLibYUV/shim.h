/* SPDX-License-Identifier: MIT */
#include <libyuv/convert_argb.h>
#include <libyuv/row.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__x86_64__) || defined(__i386__)
/* Libyuv's own constants of limited range cap a factor at 2, which makes saturated blue up to 16 of 255 too dark. These
 * are the factors times 64, rounded: red by V, green by V and by U, and blue by U. Luminance is 255 / 219 * 64 * 65536 /
 * 257 for each step, and 16 steps less half a step of the result. */
#define CLIBYUV_8(a, b) a, b, a, b, a, b, a, b
#define CLIBYUV_16(a, b) CLIBYUV_8(a, b), CLIBYUV_8(a, b)
#define CLIBYUV_32(a, b) CLIBYUV_16(a, b), CLIBYUV_16(a, b)
#define CLIBYUV_LIMITED(red_v, green_v, green_u, blue_u)                              \
  {{CLIBYUV_32(red_v, 0)}, {CLIBYUV_32(green_v, green_u)}, {CLIBYUV_32(0, blue_u)},   \
   {CLIBYUV_16(19003, 19003)}, {CLIBYUV_16(-1160, -1160)}}

static const struct YuvConstants clibyuv_601 __attribute__((aligned(32))) = CLIBYUV_LIMITED(102, 52, 25, 129);
static const struct YuvConstants clibyuv_709 __attribute__((aligned(32))) = CLIBYUV_LIMITED(115, 34, 14, 135);
static const struct YuvConstants clibyuv_2020 __attribute__((aligned(32))) = CLIBYUV_LIMITED(107, 42, 12, 137);
#define CLIBYUV_OWN(name) &clibyuv_##name
#else
#define CLIBYUV_OWN(name) NULL
#endif

/* The constants of an encoding (601, 709, 2020) and a range. NULL if libyuv has none that are exact. With these, libyuv
 * writes R, G, B, A in this order of bytes if U and V are exchanged, too. */
static inline const struct YuvConstants *clibyuv_constants(int encoding, bool full) {
  switch (encoding) {
    case 601: return full ? &kYvuJPEGConstants : CLIBYUV_OWN(601);
    case 709: return full ? &kYvuF709Constants : CLIBYUV_OWN(709);
    default: return full ? &kYvuV2020Constants : CLIBYUV_OWN(2020);
  }
}

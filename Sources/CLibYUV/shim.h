/* SPDX-License-Identifier: MIT */
#include <libyuv/convert_argb.h>
#include <libyuv/convert_from_argb.h>
#include <stdbool.h>

/* The constants are of an incomplete type, which Swift does not import. With these, libyuv writes R, G, B, A in this
 * order of bytes if U and V are exchanged, too. Indexed by encoding (601, 709, 2020) and range (limited, full). */
static inline const struct YuvConstants *clibyuv_constants(int encoding, bool full) {
  static const struct YuvConstants *const constants[3][2] = {
      {&kYvuI601Constants, &kYvuJPEGConstants},
      {&kYvuH709Constants, &kYvuF709Constants},
      {&kYvu2020Constants, &kYvuV2020Constants},
  };
  return constants[encoding][full];
}

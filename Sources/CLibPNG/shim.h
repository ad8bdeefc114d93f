/* SPDX-License-Identifier: MIT */
#include <png.h>

/* Swift imports no macro with a cast. This is an upper bound of the bytes of a file. */
static inline png_alloc_size_t clibpng_largest(png_image image) { return PNG_IMAGE_PNG_SIZE_MAX(image); }

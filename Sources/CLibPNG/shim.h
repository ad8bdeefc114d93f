/* SPDX-License-Identifier: MIT */
#include <png.h>

/* Swift imports no macro with a cast. This is an upper bound of the bytes of a file. */
static inline png_alloc_size_t clibpng_largest(png_image image) { return PNG_IMAGE_PNG_SIZE_MAX(image); }

/* Pixels of three and of four bytes. The fast compression is level 3 without filters. */
static const png_uint_32 CLIBPNG_FORMAT_RGB = PNG_FORMAT_RGB;
static const png_uint_32 CLIBPNG_FORMAT_RGBA = PNG_FORMAT_RGBA;
static const png_uint_32 CLIBPNG_FAST = PNG_IMAGE_FLAG_FAST;
static const png_uint_32 CLIBPNG_VERSION = PNG_IMAGE_VERSION;

/* SPDX-License-Identifier: MIT */
#include <libyuv/convert_argb.h>
#include <libyuv/convert_from_argb.h>

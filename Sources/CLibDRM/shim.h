/* SPDX-License-Identifier: MIT */
#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* Swift imports structures and plain constants, but not macros that use _IO*. */
static const unsigned long CLIBDRM_IOCTL_PRIME_FD_TO_HANDLE = DRM_IOCTL_PRIME_FD_TO_HANDLE;
static const unsigned long CLIBDRM_IOCTL_GEM_CLOSE = DRM_IOCTL_GEM_CLOSE;

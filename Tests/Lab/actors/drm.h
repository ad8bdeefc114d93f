/* SPDX-License-Identifier: MIT */
/* From drm.h, drm_mode.h and vgem_drm.h, which are in another package than the kernel's headers. */
#ifndef ACTOR_DRM_H
#define ACTOR_DRM_H

#include <linux/types.h>
#include <stddef.h>
#include <sys/ioctl.h>

struct version { int major, minor, patch; size_t name_length; char *name; size_t rest[4]; };
struct create_dumb { __u32 height, width, bpp, flags, handle, pitch; __u64 size; };
struct map_dumb { __u32 handle, pad; __u64 offset; };
struct gem_close { __u32 handle, pad; };
struct prime_handle { __u32 handle, flags; __s32 fd; };
struct fence_attach { __u32 handle, flags, out_fence, pad; };
struct fence_signal { __u32 fence, flags; };
#define DRM_VERSION       _IOWR('d', 0x00, struct version)
#define DRM_GEM_CLOSE     _IOW('d', 0x09, struct gem_close)
#define DRM_CREATE_DUMB   _IOWR('d', 0xb2, struct create_dumb)
#define DRM_MAP_DUMB      _IOWR('d', 0xb3, struct map_dumb)
#define DRM_HANDLE_TO_FD  _IOWR('d', 0x2d, struct prime_handle)
#define DRM_FD_TO_HANDLE  _IOWR('d', 0x2e, struct prime_handle)
#define VGEM_ATTACH       _IOWR('d', 0x41, struct fence_attach)
#define VGEM_SIGNAL       _IOW('d', 0x42, struct fence_signal)
#define VGEM_FENCE_WRITE  1

#endif

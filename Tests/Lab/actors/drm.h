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
struct mode { __u32 clock; __u16 hdisplay, hsync[3], hskew, vdisplay, vsync[3], vscan; __u32 refresh, flags, type; char name[32]; };
struct resources {
	__u64 framebuffers, crtcs, connectors, encoders;
	__u32 count_framebuffers, count_crtcs, count_connectors, count_encoders;
	__u32 min_width, max_width, min_height, max_height;
};
struct get_connector {
	__u64 encoders, modes, properties, values;
	__u32 count_modes, count_properties, count_encoders;
	__u32 encoder, connector_id, type, type_id, connection, rest[4];
};
struct add_framebuffer {
	__u32 id, width, height, format, flags, handles[4], pitches[4], offsets[4];
	__u64 modifiers[4];
};
struct set_crtc {
	__u64 connectors;
	__u32 count_connectors, crtc, framebuffer, x, y, gamma, mode_valid;
	struct mode mode;
};
#define DRM_VERSION       _IOWR('d', 0x00, struct version)
#define DRM_GEM_CLOSE     _IOW('d', 0x09, struct gem_close)
#define DRM_CREATE_DUMB   _IOWR('d', 0xb2, struct create_dumb)
#define DRM_MAP_DUMB      _IOWR('d', 0xb3, struct map_dumb)
#define DRM_HANDLE_TO_FD  _IOWR('d', 0x2d, struct prime_handle)
#define DRM_FD_TO_HANDLE  _IOWR('d', 0x2e, struct prime_handle)
#define VGEM_ATTACH       _IOWR('d', 0x41, struct fence_attach)
#define VGEM_SIGNAL       _IOW('d', 0x42, struct fence_signal)
#define VGEM_FENCE_WRITE  1
#define DRM_XR24          0x34325258
#define DRM_GET_RESOURCES _IOWR('d', 0xa0, struct resources)
#define DRM_SET_CRTC      _IOWR('d', 0xa2, struct set_crtc)
#define DRM_GET_CONNECTOR _IOWR('d', 0xa7, struct get_connector)
#define DRM_ADD_FRAMEBUFFER _IOWR('d', 0xb8, struct add_framebuffer)

#endif

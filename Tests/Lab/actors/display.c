/* SPDX-License-Identifier: MIT */
/* A program that shows an image on a display, such as a compositor. */
#define _GNU_SOURCE
#include "actor.h"
#include "drm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static int request(int node, unsigned long number, void *argument, const char *name)
{
	if (ioctl(node, number, argument))
		die(name);
	return 0;
}

/* The first connected connector, with its first mode. */
static __u32 connected(int node, const __u32 *ids, __u32 count, struct mode *mode)
{
	for (__u32 i = 0; i < count; i++) {
		static struct mode modes[128];
		/* Without room for modes the kernel probes the connector; a second call returns them. */
		struct get_connector probe = { .connector_id = ids[i] }, connector = { .connector_id = ids[i] };

		request(node, DRM_GET_CONNECTOR, &probe, "GETCONNECTOR");
		if (probe.connection != 1 || !probe.count_modes || probe.count_modes > 128)
			continue;
		connector.count_modes = probe.count_modes;
		connector.modes = (__u64)(uintptr_t)modes;
		request(node, DRM_GET_CONNECTOR, &connector, "GETCONNECTOR");
		*mode = modes[0];
		return ids[i];
	}
	errno = ENODEV;
	die("connector");
}

/* A dumb buffer of the mode's size, each byte with this value, as a framebuffer. */
static __u32 filled(int node, const struct mode *mode, unsigned char byte)
{
	struct create_dumb dumb = { .width = mode->hdisplay, .height = mode->vdisplay, .bpp = 32 };
	struct map_dumb map = { 0, 0, 0 };
	struct add_framebuffer image = { .width = mode->hdisplay, .height = mode->vdisplay, .format = DRM_XR24 };
	void *bytes;

	request(node, DRM_CREATE_DUMB, &dumb, "CREATE_DUMB");
	map.handle = dumb.handle;
	request(node, DRM_MAP_DUMB, &map, "MAP_DUMB");
	bytes = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, node, (off_t)map.offset);
	if (bytes == MAP_FAILED)
		die("mmap");
	memset(bytes, byte, dumb.size);
	munmap(bytes, dumb.size);
	image.handles[0] = dumb.handle;
	image.pitches[0] = dumb.pitch;
	request(node, DRM_ADD_FRAMEBUFFER, &image, "ADDFB2");
	return image.id;
}

/* The display is off as long as the node is open. Then the kernel's console returns. */
void display_off(const char *path)
{
	static __u32 crtcs[16];
	struct resources found = { .crtcs = (__u64)(uintptr_t)crtcs, .count_crtcs = 16 };
	struct set_crtc set = { .mode_valid = 0 };
	int node = open(path, O_RDWR | O_CLOEXEC);

	if (node < 0)
		die(path);
	slot_add(node);
	request(node, DRM_GET_RESOURCES, &found, "GETRESOURCES");
	set.crtc = crtcs[0];
	request(node, DRM_SET_CRTC, &set, "SETCRTC");
}

/* The node stays open: this process is DRM master, and its image stays on the display. */
void scan_out(const char *path, const char *byte)
{
	static __u32 crtcs[16], connectors[16];
	struct resources found = {
		.crtcs = (__u64)(uintptr_t)crtcs, .count_crtcs = 16,
		.connectors = (__u64)(uintptr_t)connectors, .count_connectors = 16,
	};
	struct set_crtc set = { .mode_valid = 1, .count_connectors = 1 };
	__u32 connector;
	int node = open(path, O_RDWR | O_CLOEXEC);

	if (node < 0)
		die(path);
	slot_add(node);
	request(node, DRM_GET_RESOURCES, &found, "GETRESOURCES");
	connector = connected(node, connectors, found.count_connectors, &set.mode);
	set.crtc = crtcs[0];
	set.connectors = (__u64)(uintptr_t)&connector;
	set.framebuffer = filled(node, &set.mode, (unsigned char)number(byte));
	request(node, DRM_SET_CRTC, &set, "SETCRTC");
	printf("shown %ux%u framebuffer %u crtc %u\n", set.mode.hdisplay, set.mode.vdisplay, set.framebuffer, set.crtc);
}

/* SPDX-License-Identifier: MIT */
/* The actor's loops: programs that leak one thing for each frame, and programs that do not. */
#define _GNU_SOURCE
#include "actor.h"
#include "drm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct syncobj_create { __u32 handle, flags; };
struct syncobj_handle { __u32 handle, flags; __s32 fd; __u32 pad; };
struct syncobj_wait { __u64 handles; __s64 timeout; __u32 count, flags, first, pad; };
#define SYNCOBJ_CREATE        _IOWR('d', 0xbf, struct syncobj_create)
#define SYNCOBJ_HANDLE_TO_FD  _IOWR('d', 0xc1, struct syncobj_handle)
#define SYNCOBJ_FD_TO_HANDLE  _IOWR('d', 0xc2, struct syncobj_handle)
#define SYNCOBJ_WAIT          _IOWR('d', 0xc3, struct syncobj_wait)

/* From linux/dma-buf.h of 6.0 and later. */
struct export_fences { __u32 flags; __s32 fd; };
#define EXPORT_FENCES _IOWR('b', 2, struct export_fences)

static void leak_sync_file(const char *slot)
{
	struct export_fences request = { .flags = DMA_BUF_SYNC_RW };

	if (ioctl(slot_fd(slot), EXPORT_FENCES, &request))
		die("EXPORT_SYNC_FILE");
}

static void leak_descriptor(const char *slot)
{
	if (fcntl(slot_fd(slot), F_DUPFD_CLOEXEC, 3) < 0)
		die("dup");
}

static void leak_mapping(const char *slot)
{
	struct stat status;

	if (fstat(slot_fd(slot), &status) ||
	    mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, slot_fd(slot), 0) == MAP_FAILED)
		die("mmap");
}

/* The descriptor is closed, the mapping remains. */
static void leak_mapped_buffer(const char *slot)
{
	int made;

	(void)slot;
	buffer("16K");
	made = slot_last();
	if (mmap(NULL, 16384, PROT_READ, MAP_SHARED, slot_take(made), 0) == MAP_FAILED)
		die("mmap");
	slot_drop(made);
}

/* SLOT is an open DRM node: the import's handle outlives the descriptor. */
static void leak_handle(const char *slot)
{
	struct prime_handle prime = { 0 };
	int made;

	buffer("16K");
	made = slot_last();
	prime.fd = slot_take(made);
	if (ioctl(slot_fd(slot), DRM_FD_TO_HANDLE, &prime))
		die("PRIME_FD_TO_HANDLE");
	slot_drop(made);
}

/* SLOT is an open DRM node of a driver that has syncobjs. */
static void leak_syncobj(const char *slot)
{
	struct syncobj_create create = { 0, 0 };
	struct syncobj_handle handle = { 0 };

	if (ioctl(slot_fd(slot), SYNCOBJ_CREATE, &create))
		die("SYNCOBJ_CREATE");
	handle.handle = create.handle;
	if (ioctl(slot_fd(slot), SYNCOBJ_HANDLE_TO_FD, &handle))
		die("SYNCOBJ_HANDLE_TO_FD");
}

/* Puts the fence of a sync_file into a new syncobj of a node, and waits for it in the kernel. */
void syncobj_wait(const char *node, const char *slot)
{
	struct syncobj_create create = { 0, 0 };
	/* 1: the descriptor is a sync_file. */
	struct syncobj_handle import = { .flags = 1, .fd = slot_fd(slot) };
	struct syncobj_wait wait = { .timeout = INT64_MAX, .count = 1 };
	int device = open(node, O_RDWR | O_CLOEXEC);

	if (device < 0)
		die(node);
	if (ioctl(device, SYNCOBJ_CREATE, &create))
		die("SYNCOBJ_CREATE");
	import.handle = create.handle;
	if (ioctl(device, SYNCOBJ_FD_TO_HANDLE, &import))
		die("SYNCOBJ_FD_TO_HANDLE");
	wait.handles = (__u64)(uintptr_t)&create.handle;
	if (ioctl(device, SYNCOBJ_WAIT, &wait))
		die("SYNCOBJ_WAIT");
	close(device);
}

static void leak_buffer(const char *slot)
{
	(void)slot;
	buffer("16K");
}

/* One to four buffers, each mapped and with a sync_file. All are released before the next round. */
static void pipeline(const char *slot)
{
	static int round;
	struct timespec while_used = { 0, 8000000 };
	int count = 1 + round++ % 4, first = -1, made;

	(void)slot;
	for (int i = 0; i < count; i++) {
		struct export_fences request = { .flags = DMA_BUF_SYNC_RW };
		void *address;

		buffer("16K");
		made = slot_last();
		first = first < 0 ? made : first;
		if (access("/dev/dma_heap/system", F_OK))
			vgem_close_handle(slot_take(made));
		address = mmap(NULL, 16384, PROT_READ, MAP_SHARED, slot_take(made), 0);
		if (address == MAP_FAILED || ioctl(slot_take(made), EXPORT_FENCES, &request))
			die("pipeline");
		nanosleep(&while_used, NULL);
		close(request.fd);
		munmap(address, 16384);
	}
	for (int i = 0; i < count; i++)
		slot_drop(first + count - 1 - i);
}

static const struct {
	const char *what;
	void (*frame)(const char *slot);
} loops[] = {
	{ "fence", vgem_frame }, { "sync-file", leak_sync_file }, { "descriptor", leak_descriptor }, { "mapping", leak_mapping },
	{ "mapped-buffer", leak_mapped_buffer }, { "handle", leak_handle }, { "syncobj", leak_syncobj },
	{ "buffer", leak_buffer }, { "nothing", pipeline },
};

/* Fifty frames a second. The number of frames is large, because a case takes long on a slow machine. */
void leak(const char *what, const char *slot)
{
	struct timespec frame = { 0, 20000000 };
	struct rlimit limit = { 60000, 60000 };

	/* Only root may raise the limit. */
	if (setrlimit(RLIMIT_NOFILE, &limit) && geteuid() == 0)
		die("RLIMIT_NOFILE");
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		if (strcmp(loops[i].what, what))
			continue;
		for (int frames = 0; frames < 30000; frames++) {
			loops[i].frame(slot);
			nanosleep(&frame, NULL);
		}
		return;
	}
	errno = 0;
	die(what);
}

/* SPDX-License-Identifier: MIT */
/* The actor's devices: vgem as exporter, importer and source of fences; sw_sync timelines. */
#define _GNU_SOURCE
#include "actor.h"
#include "drm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/types.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* No header declares sw_sync. */
struct sw_create { __u32 value; char name[32]; __s32 fence; };
#define SW_CREATE_FENCE   _IOWR('W', 0, struct sw_create)
#define SW_INCREMENT      _IOW('W', 1, __u32)

/* From linux/dma-buf.h of 6.0 and later. */
struct export_fences { __u32 flags; __s32 fd; };
#define EXPORT_FENCES     _IOWR('b', 2, struct export_fences)
#define IMPORT_FENCES     _IOW('b', 3, struct export_fences)

static int is_vgem(int fd)
{
	char name[16] = "";
	struct version version = { .name_length = sizeof(name) - 1, .name = name };

	return ioctl(fd, DRM_VERSION, &version) == 0 && strcmp(name, "vgem") == 0;
}

/*
 * Dumb buffers need the primary node. An actor opens it once, for all verbs. The node and the timeline
 * remain open over exec, because closing one of them signals its pending fences.
 */
int vgem(void)
{
	static int device = -1;
	char path[32];

	for (int card = 0; device < 0 && card < 16; card++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", card);
		device = open(path, O_RDWR);
		if (device >= 0 && !is_vgem(device)) {
			close(device);
			device = -1;
		}
	}
	if (device < 0) {
		errno = ENODEV;
		die("vgem");
	}
	return device;
}

void vgem_dumb(const char *width, const char *height)
{
	struct create_dumb dumb = { .width = (__u32)number(width), .height = (__u32)number(height), .bpp = 32 };
	struct prime_handle prime = { .flags = O_CLOEXEC | O_RDWR };

	if (ioctl(vgem(), DRM_CREATE_DUMB, &dumb))
		die("CREATE_DUMB");
	prime.handle = dumb.handle;
	if (ioctl(vgem(), DRM_HANDLE_TO_FD, &prime))
		die("PRIME_HANDLE_TO_FD");
	slot_add(prime.fd);
}

static __u32 handle_of(const char *slot)
{
	struct prime_handle prime = { .fd = slot_fd(slot) };

	if (ioctl(vgem(), DRM_FD_TO_HANDLE, &prime))
		die("PRIME_FD_TO_HANDLE");
	return prime.handle;
}

/* Closes the handle of a dumb buffer, which keeps the buffer as a descriptor does. */
void vgem_close_handle(int buffer)
{
	struct prime_handle prime = { .fd = buffer };
	struct gem_close request = { 0 };

	if (ioctl(vgem(), DRM_FD_TO_HANDLE, &prime))
		die("PRIME_FD_TO_HANDLE");
	request.handle = prime.handle;
	if (ioctl(vgem(), DRM_GEM_CLOSE, &request))
		die("GEM_CLOSE");
}

void vgem_import(const char *slot) { handle_of(slot); }

static int is_write(const char *direction)
{
	if (strcmp(direction, "write") == 0)
		return 1;
	if (strcmp(direction, "read") == 0)
		return 0;
	errno = 0;
	die(direction);
}

static void fences_of(const char *slot, int write)
{
	struct export_fences request = { .flags = write ? DMA_BUF_SYNC_RW : DMA_BUF_SYNC_READ };

	if (ioctl(slot_fd(slot), EXPORT_FENCES, &request))
		die("EXPORT_SYNC_FILE");
	slot_add(request.fd);
}

void vgem_readers(const char *slot, const char *count)
{
	struct fence_attach attach = { .handle = handle_of(slot) };

	for (unsigned long long left = number(count); left > 0; left--)
		if (ioctl(vgem(), VGEM_ATTACH, &attach))
			die("VGEM_FENCE_ATTACH");
}

static __u32 vgem_fences[64];
static unsigned int vgem_fences_used;

void vgem_fence(const char *slot, const char *direction)
{
	int write = is_write(direction);
	struct fence_attach attach = { .handle = handle_of(slot), .flags = write ? VGEM_FENCE_WRITE : 0 };

	if (vgem_fences_used == 64) {
		errno = ENOSPC;
		die("fences");
	}
	if (ioctl(vgem(), VGEM_ATTACH, &attach))
		die("VGEM_FENCE_ATTACH");
	vgem_fences[vgem_fences_used++] = attach.out_fence;
	fences_of(slot, 1);
}

void vgem_signal(const char *fence)
{
	unsigned long long index = number(fence);
	struct fence_signal request = { 0, 0 };

	if (index < 1 || index > vgem_fences_used) {
		errno = ENOENT;
		die(fence);
	}
	request.fence = vgem_fences[index - 1];
	if (ioctl(vgem(), VGEM_SIGNAL, &request))
		die("VGEM_FENCE_SIGNAL");
}

/* A sync_file of a pending fence, such as that of a frame. After ten seconds vgem signals the fence itself. */
void vgem_frame(const char *slot)
{
	static struct fence_signal last;
	static unsigned int frames;
	struct fence_attach attach = { .handle = handle_of(slot), .flags = VGEM_FENCE_WRITE };

	if (frames++ % 50 == 0) {
		if (last.fence)
			ioctl(vgem(), VGEM_SIGNAL, &last);
		if (ioctl(vgem(), VGEM_ATTACH, &attach))
			die("VGEM_FENCE_ATTACH");
		last.fence = attach.out_fence;
	}
	fences_of(slot, 1);
}

static int timeline_opened = -1;

static int timeline(void)
{
	if (timeline_opened < 0)
		timeline_opened = open("/sys/kernel/debug/sync/sw_sync", O_RDWR);
	if (timeline_opened < 0)
		die("sw_sync");
	return timeline_opened;
}

/* sw-fence and sw-inc use the newest timeline. */
void sw_timeline(void)
{
	timeline_opened = -1;
	slot_add(timeline());
}

void sw_fence(const char *value)
{
	struct sw_create request = { .value = (__u32)number(value) };

	if (ioctl(timeline(), SW_CREATE_FENCE, &request))
		die("SW_SYNC_IOC_CREATE_FENCE");
	slot_add(request.fence);
}

void sw_increment(const char *steps)
{
	__u32 count = (__u32)number(steps);

	if (ioctl(timeline(), SW_INCREMENT, &count))
		die("SW_SYNC_IOC_INC");
}

void import_fence(const char *buffer, const char *fence, const char *direction)
{
	struct export_fences request = { .fd = slot_fd(fence) };

	request.flags = is_write(direction) ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ;
	if (ioctl(slot_fd(buffer), IMPORT_FENCES, &request))
		die("IMPORT_SYNC_FILE");
}

void poll_now(const char *slot, const char *events)
{
	struct pollfd one = { .fd = slot_fd(slot), .events = (short)number(events) };

	if (poll(&one, 1, 0) < 0)
		die("poll");
	printf("%d\n", one.revents);
}

void epoll_watch(const char *slot)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int queue = epoll_create1(EPOLL_CLOEXEC);

	if (queue < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, slot_fd(slot), &event))
		die("epoll");
	slot_add(queue);
}

void epoll_wait_for(const char *slot, const char *milliseconds)
{
	struct epoll_event event = { .events = 0 };

	if (epoll_wait(slot_fd(slot), &event, 1, (int)number(milliseconds)) < 0)
		die("epoll_wait");
	printf("%u\n", event.events);
}

/* The contents of the argument: 32-bit words, or @SLOT for the number of a descriptor, separated by commas. */
static int words_of(const char *text, __u32 *words, int most)
{
	char copy[512], *rest = copy, *word;
	int count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, ",")) && count < most)
		words[count++] = *word == '@' ? (__u32)slot_fd(word + 1) : (__u32)number(word);
	return count;
}

/* Prints the words after the request, or the symbol of the error. */
void any_ioctl(const char *slot, const char *request, const char *text)
{
	__u32 words[64] = { 0 };
	int is_null = strcmp(text, "null") == 0, count = is_null ? 0 : words_of(text, words, 64);

	if (ioctl(slot_fd(slot), (unsigned long)number(request), is_null ? NULL : words) < 0) {
		puts(strerrorname_np(errno));
		return;
	}
	printf("ok");
	for (int i = 0; i < count; i++)
		printf(" %d", (int)words[i]);
	puts("");
}

void poll_both(const char *slot)
{
	struct pollfd one = { .fd = slot_fd(slot), .events = POLLIN | POLLOUT };

	if (poll(&one, 1, 0) < 0)
		die("poll");
}

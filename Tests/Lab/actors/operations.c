/* SPDX-License-Identifier: MIT */
/* The operations of `dmabuf bench`, as a loop in C: the same calls in the same order, with the same clock. */
#define _GNU_SOURCE
#include "actor.h"
#include "drm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int device, heap_device;
static size_t size;

/* The times of the two steps of an iteration, in nanoseconds. */
struct times { uint64_t first, second; };

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void call(int fd, unsigned long request, void *argument, const char *what)
{
	if (ioctl(fd, request, argument))
		die(what);
}

/* A buffer of the system heap. Without that heap, a dumb buffer of vgem. */
static int allocate(void)
{
	if (heap_device >= 0) {
		struct dma_heap_allocation_data request = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };

		call(heap_device, DMA_HEAP_IOCTL_ALLOC, &request, "DMA_HEAP_IOCTL_ALLOC");
		return (int)request.fd;
	}
	struct create_dumb dumb = { .width = 1024, .height = (unsigned)((size + 4095) / 4096), .bpp = 32 };

	call(device, DRM_CREATE_DUMB, &dumb, "DRM_CREATE_DUMB");
	struct prime_handle prime = { .handle = dumb.handle, .flags = O_RDWR | O_CLOEXEC };
	struct gem_close close_handle = { .handle = dumb.handle };

	call(device, DRM_HANDLE_TO_FD, &prime, "DRM_HANDLE_TO_FD");
	call(device, DRM_GEM_CLOSE, &close_handle, "DRM_GEM_CLOSE");
	return prime.fd;
}

static struct times turn_alloc(int buffer)
{
	(void)buffer;
	uint64_t start = now();
	int made = allocate();
	uint64_t allocated = now();

	close(made);
	return (struct times){ allocated - start, now() - allocated };
}

static struct times turn_mmap(int buffer)
{
	uint64_t start = now();
	volatile char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
	uint64_t mapped = now();

	if (bytes == MAP_FAILED)
		die("mmap");
	for (size_t offset = 0; offset < size; offset += 4096)
		bytes[offset] = 1;
	uint64_t touched = now();

	munmap((void *)bytes, size);
	return (struct times){ mapped - start, touched - mapped };
}

static struct times turn_sync(int buffer)
{
	uint64_t start = now();
	struct dma_buf_sync begin = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct dma_buf_sync end = { DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW };

	call(buffer, DMA_BUF_IOCTL_SYNC, &begin, "DMA_BUF_IOCTL_SYNC");
	call(buffer, DMA_BUF_IOCTL_SYNC, &end, "DMA_BUF_IOCTL_SYNC");
	return (struct times){ now() - start, 0 };
}

static struct times turn_import(int buffer)
{
	uint64_t start = now();
	struct prime_handle prime = { .fd = buffer };

	call(device, DRM_FD_TO_HANDLE, &prime, "DRM_FD_TO_HANDLE");
	uint64_t imported = now();
	struct gem_close close_handle = { .handle = prime.handle };

	call(device, DRM_GEM_CLOSE, &close_handle, "DRM_GEM_CLOSE");
	return (struct times){ imported - start, now() - imported };
}

static int ascending(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static const struct { const char *first, *second; struct times (*turn)(int buffer); } works[] = {
	{ "alloc", "free", turn_alloc }, { "mmap", "touch", turn_mmap }, { "sync", NULL, turn_sync },
	{ "import", "release", turn_import },
};

/* The work with a step of this name; `*is_second` tells which step that is. Dies if there is none. */
static struct times (*work(const char *operation, int *is_second))(int buffer)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		*is_second = works[i].second && strcmp(works[i].second, operation) == 0;
		if (*is_second || strcmp(works[i].first, operation) == 0)
			return works[i].turn;
	}
	errno = EINVAL;
	die(operation);
	return NULL;
}

static int prepare(const char *bytes)
{
	size = number(bytes);
	heap_device = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	device = vgem();
	return allocate();
}

/* Prints the median of the iterations, in nanoseconds. Five warm-up iterations before them do not count. */
void time_operation(const char *operation, const char *bytes, const char *turns)
{
	int count = (int)number(turns), is_second;
	struct times (*turn)(int buffer) = work(operation, &is_second);
	uint64_t *times = calloc((size_t)count + 1, sizeof(*times));
	int buffer = prepare(bytes);

	if (!times || count <= 0)
		die(turns);
	for (int i = -5; i < count; i++) {
		struct times took = turn(buffer);

		if (i >= 0)
			times[i] = is_second ? took.second : took.first;
	}
	qsort(times, (size_t)count, sizeof(*times), ascending);
	printf("%llu\n", (unsigned long long)times[(count - 1) / 2]);
	free(times);
	close(buffer);
}

/* Prints the nanoseconds of all iterations together. After each comes a computation of `loops` steps. */
void pace_operation(const char *operation, const char *turns, const char *loops)
{
	int is_second;
	struct times (*turn)(int buffer) = work(operation, &is_second);
	unsigned long long count = number(turns), steps = number(loops);
	int buffer = prepare("65536");
	uint64_t start = now();

	for (unsigned long long i = 0; i < count; i++) {
		turn(buffer);
		for (volatile unsigned long long step = 0; step < steps; step++)
			;
	}
	printf("%llu\n", (unsigned long long)(now() - start));
	close(buffer);
}

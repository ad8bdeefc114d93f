/* SPDX-License-Identifier: MIT */
/* The actor's buffers: heaps, udmabuf, names, mappings. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct { void *address; size_t length; } mappings[8192];
static int mappings_used;

void heap(const char *name, const char *size, int flags)
{
	struct dma_heap_allocation_data request = { .len = number(size), .fd_flags = (unsigned)flags };
	char path[256];
	int device;

	snprintf(path, sizeof(path), "/dev/dma_heap/%s", name);
	device = open(path, O_RDONLY | O_CLOEXEC);
	if (device < 0)
		die(path);
	if (ioctl(device, DMA_HEAP_IOCTL_ALLOC, &request))
		die(path);
	close(device);
	slot_add((int)request.fd);
}

static int sealed_memory(unsigned long long size, unsigned int flags)
{
	int memory = memfd_create("actor", MFD_ALLOW_SEALING | MFD_CLOEXEC | flags);

	if (memory < 0 || ftruncate(memory, (off_t)size) || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		die("memfd");
	return memory;
}

/* For cases that need a buffer of any source. */
void buffer(const char *size)
{
	char rows[32];

	if (access("/dev/dma_heap/system", F_OK) == 0) {
		heap("system", size, O_RDWR);
		return;
	}
	snprintf(rows, sizeof(rows), "%llu", (number(size) + 4095) / 4096);
	vgem_dumb("1024", rows);
}

void udmabuf(const char *size)
{
	struct udmabuf_create request = { .size = number(size) };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memory = sealed_memory(request.size, 0), made;

	if (device < 0)
		die("/dev/udmabuf");
	request.memfd = (unsigned)memory;
	made = ioctl(device, UDMABUF_CREATE, &request);
	if (made < 0)
		die("UDMABUF_CREATE");
	close(memory);
	close(device);
	slot_add(made);
}

void memory_file(const char *size, unsigned int flags)
{
	slot_add(sealed_memory(number(size), flags));
}

/* printf escapes: \n \t \e \\ \xHH \OOO. The result ends at the first NUL. */
void unescape(const char *text, char *out, size_t room)
{
	size_t used = 0;

	for (; *text && used + 1 < room; text++) {
		unsigned int byte = 0;
		int digits = 0;

		if (*text != '\\' || !text[1]) {
			out[used++] = *text;
			continue;
		}
		text++;
		if (*text == 'x' && sscanf(text + 1, "%2x%n", &byte, &digits) == 1) {
			text += digits;
		} else if (*text >= '0' && *text <= '7' && sscanf(text, "%3o%n", &byte, &digits) == 1) {
			text += digits - 1;
		} else {
			const char *known = strchr("n\nt\te\033\\\\", *text);

			byte = known ? (unsigned char)known[1] : (unsigned char)*text;
		}
		out[used++] = (char)byte;
	}
	out[used] = 0;
}

void name(const char *slot, const char *text)
{
	char bytes[256];

	unescape(text, bytes, sizeof(bytes));
	if (ioctl(slot_fd(slot), DMA_BUF_SET_NAME_B, (uint64_t)(uintptr_t)bytes))
		die(text);
}

static size_t size_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		die("fstat");
	return (size_t)status.st_size;
}

void map(const char *slot, unsigned long long offset, unsigned long long length)
{
	int fd = slot_fd(slot), writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	size_t bytes = length ? length : size_of(fd);
	void *address = mmap(NULL, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, (off_t)offset);

	if (address == MAP_FAILED)
		die("mmap");
	if (mappings_used == (int)(sizeof(mappings) / sizeof(mappings[0]))) {
		errno = ENOSPC;
		die("mappings");
	}
	mappings[mappings_used].address = address;
	mappings[mappings_used++].length = bytes;
}

void unmap(void)
{
	if (!mappings_used)
		die("nothing is mapped");
	mappings_used--;
	if (munmap(mappings[mappings_used].address, mappings[mappings_used].length))
		die("munmap");
}

void fill(const char *slot, const char *byte)
{
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE };
	int fd = slot_fd(slot), value = (int)number(byte);

	map(slot, 0, 0);
	while (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) && errno == EINTR)
		;
	memset(mappings[mappings_used - 1].address, value, mappings[mappings_used - 1].length);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE;
	if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
		die("DMA_BUF_IOCTL_SYNC");
	unmap();
}

void print(const char *slot)
{
	int fd = slot_fd(slot);
	struct stat status;

	if (fstat(fd, &status))
		die("fstat");
	printf("%d %d %llu %llu\n", getpid(), fd, (unsigned long long)status.st_ino, (unsigned long long)status.st_size);
}

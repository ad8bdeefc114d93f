/* SPDX-License-Identifier: MIT */
/*
 * What devices refuse, call by call. Each line has the id of the check in the documented contract, and the errno of
 * each call, so that another result of a kernel is noticed.
 */
#define _GNU_SOURCE
#include "actor.h"
#include "drm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The symbol of the result of a call. */
static const char *outcome(int result)
{
	return result < 0 ? strerrorname_np(errno) : "ok";
}

static int export(int device, __u32 handle, __u32 flags, int *fd)
{
	struct prime_handle prime = { .handle = handle, .flags = flags };
	int result = ioctl(device, DRM_HANDLE_TO_FD, &prime);

	*fd = result ? -1 : prime.fd;
	return result;
}

static int import(int device, int fd, __u32 *handle)
{
	struct prime_handle prime = { .fd = fd };
	int result = ioctl(device, DRM_FD_TO_HANDLE, &prime);

	*handle = prime.handle;
	return result;
}

static int close_handle(int device, __u32 handle)
{
	struct gem_close request = { .handle = handle };

	return ioctl(device, DRM_GEM_CLOSE, &request);
}

static const char *same(int a, int b)
{
	struct stat left, right;

	return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_ino == right.st_ino ? "same" : "other";
}

static const char *mode(int fd)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR ? "read-write" : "read-only";
}

/* vgem, with a buffer of its own and one of another exporter. */
void prime_refusals(const char *slot)
{
	struct create_dumb dumb = { .width = 64, .height = 64, .bpp = 32 };
	int device = vgem(), foreign = slot_fd(slot), fd, again, reexport;
	int null = open("/dev/null", O_RDWR);
	__u32 handle, other;

	if (ioctl(device, DRM_CREATE_DUMB, &dumb))
		die("CREATE_DUMB");
	printf("C92 %s", outcome(export(device, dumb.handle, 1, &fd)));
	printf(" %s\n", outcome(export(device, dumb.handle, O_NONBLOCK, &fd)));
	printf("C93 %s\n", outcome(export(device, 0, 0, &fd)));
	if (export(device, dumb.handle, O_CLOEXEC, &fd) || export(device, dumb.handle, O_CLOEXEC | O_RDWR, &again))
		die("HANDLE_TO_FD");
	printf("C94 %s %s\n", same(fd, again), mode(again));
	printf("C95 %s", outcome(import(device, fd, &handle)));
	printf(" %s\n", handle == dumb.handle ? "same" : "other");
	printf("C96 %s", outcome(import(device, -1, &handle)));
	printf(" %s\n", outcome(import(device, null, &handle)));
	if (import(device, foreign, &handle) || import(device, foreign, &other))
		die("FD_TO_HANDLE");
	if (export(device, handle, O_CLOEXEC | O_RDWR, &reexport))
		die("HANDLE_TO_FD");
	printf("C97 %s %s\n", handle == other ? "same" : "other", same(foreign, reexport));

	struct map_dumb map = { .handle = handle };

	printf("C106 %s\n", outcome(ioctl(device, DRM_MAP_DUMB, &map)));
	printf("C98 %s", outcome(close_handle(device, handle)));
	printf(" %s\n", outcome(close_handle(device, handle)));
}

static int attach(int device, __u32 handle, __u32 flags, __u32 *fence)
{
	struct fence_attach request = { .handle = handle, .flags = flags };
	int result = ioctl(device, VGEM_ATTACH, &request);

	*fence = request.out_fence;
	return result;
}

static int signal_fence(int device, __u32 fence)
{
	struct fence_signal request = { .fence = fence };

	return ioctl(device, VGEM_SIGNAL, &request);
}

/* Fences of vgem. The last line takes ten seconds, because vgem then signals the fence itself. */
void fence_refusals(const char *slot)
{
	struct pollfd one = { .fd = slot_fd(slot), .events = POLLOUT };
	int device = vgem();
	__u32 handle, first, second, third;

	if (import(device, one.fd, &handle))
		die("FD_TO_HANDLE");
	printf("C101 %s", outcome(attach(device, handle, VGEM_FENCE_WRITE, &first)));
	printf(" %s\n", outcome(attach(device, handle, 0, &second)));
	printf("C104 %s", outcome(signal_fence(device, first)));
	printf(" %s\n", outcome(signal_fence(device, first)));
	printf("C102 %s", outcome(attach(device, handle, 0, &first)));
	printf(" %s", outcome(attach(device, handle, 0, &second)));
	printf(" %s\n", outcome(attach(device, handle, VGEM_FENCE_WRITE, &third)));
	fflush(stdout);
	printf("C103 %s", poll(&one, 1, 15000) == 1 ? "ready" : "waiting");
	printf(" %s\n", outcome(signal_fence(device, first)));
}

static struct v4l2_requestbuffers requested(int fd, unsigned int count, unsigned int memory)
{
	struct v4l2_requestbuffers buffers = {
		.count = count, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = memory };

	if (ioctl(fd, VIDIOC_REQBUFS, &buffers))
		die("REQBUFS");
	return buffers;
}

static int expbuf(int device, unsigned int type, unsigned int index, unsigned int plane, unsigned int flags, int *fd)
{
	struct v4l2_exportbuffer request = { .type = type, .index = index, .plane = plane, .flags = flags };
	int result = ioctl(device, VIDIOC_EXPBUF, &request);

	*fd = result ? -1 : request.fd;
	return result;
}

static int qbuf(int device, int fd, unsigned int length)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_DMABUF, .m.fd = fd, .length = length };

	return ioctl(device, VIDIOC_QBUF, &buffer);
}

/* A camera, and a buffer that is too small for it. */
void video_refusals(const char *path, const char *small)
{
	const unsigned int capture = V4L2_BUF_TYPE_VIDEO_CAPTURE, output = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	int device = open(path, O_RDWR), second = open(path, O_RDWR), null = open("/dev/null", O_RDWR);
	int fd, again;

	if (device < 0 || second < 0)
		die(path);
	requested(device, 2, V4L2_MEMORY_MMAP);
	if (expbuf(device, capture, 0, 0, O_CLOEXEC, &fd) || expbuf(device, capture, 0, 0, O_CLOEXEC, &again))
		die("EXPBUF");
	printf("C107 %s\n", same(fd, again));
	printf("C108 %s", outcome(expbuf(device, capture, 0, 0, O_NONBLOCK, &fd)));
	printf(" %s", outcome(expbuf(device, capture, 99, 0, 0, &fd)));
	printf(" %s", outcome(expbuf(device, capture, 0, 9, 0, &fd)));
	printf(" %s\n", outcome(expbuf(device, output, 0, 0, 0, &fd)));
	printf("C109 %s\n", outcome(expbuf(second, capture, 0, 0, 0, &fd)));
	requested(device, 0, V4L2_MEMORY_MMAP);
	printf("C114 %s\n",
	       requested(device, 2, V4L2_MEMORY_DMABUF).capabilities & V4L2_BUF_CAP_SUPPORTS_DMABUF ? "dmabuf" : "none");
	printf("C111 %s", outcome(qbuf(device, -1, 0)));
	printf(" %s", outcome(qbuf(device, null, 0)));
	printf(" %s\n", outcome(qbuf(device, slot_fd(small), 0)));
	close(second);
	close(device);
}

/* A verb of its own, because Linux 6.12 leaks the buffer. */
void video_length(const char *path, const char *slot)
{
	int device = open(path, O_RDWR);
	struct stat status;

	if (device < 0 || fstat(slot_fd(slot), &status))
		die(path);
	requested(device, 2, V4L2_MEMORY_DMABUF);
	printf("C112 %s\n", outcome(qbuf(device, slot_fd(slot), (unsigned int)status.st_size + 4096)));
	close(device);
}

/* SPDX-License-Identifier: MIT */
/* The actor's cameras: another process that owns a queue, captures, or sets a control. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static void request(int fd, unsigned int count)
{
	struct v4l2_requestbuffers buffers = {
		.count = count, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP };

	if (ioctl(fd, VIDIOC_REQBUFS, &buffers))
		die("REQBUFS");
}

/* The node remains open, also over exec. */
void video_own(const char *path, const char *count)
{
	int fd = node(path);

	request(fd, (unsigned int)number(count));
	if (fcntl(fd, F_SETFD, 0))
		die("fcntl");
}

/* Captures one frame through the driver's own memory, as camera programs do. */
void video_capture(const char *path, const char *file)
{
	struct v4l2_buffer buffer = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP };
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	int fd = node(path);
	FILE *output = fopen(file, "w");
	void *memory[4];

	request(fd, 4);
	for (buffer.index = 0; buffer.index < 4; buffer.index++) {
		if (ioctl(fd, VIDIOC_QUERYBUF, &buffer))
			die("QUERYBUF");
		memory[buffer.index] = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, fd, buffer.m.offset);
		if (memory[buffer.index] == MAP_FAILED || ioctl(fd, VIDIOC_QBUF, &buffer))
			die("QBUF");
	}
	if (ioctl(fd, VIDIOC_STREAMON, &type) || ioctl(fd, VIDIOC_DQBUF, &buffer))
		die("DQBUF");
	if (!output || fwrite(memory[buffer.index], 1, buffer.bytesused, output) != buffer.bytesused || fclose(output))
		die(file);
	close(fd);
}

/* Sets a control of the driver by its name. */
void video_set(const char *path, const char *name, const char *value)
{
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	struct v4l2_control control = { .value = (int)number(value) };
	int fd = node(path);

	while (ioctl(fd, VIDIOC_QUERYCTRL, &query) == 0) {
		if (strcmp((const char *)query.name, name) == 0) {
			control.id = query.id;
			if (ioctl(fd, VIDIOC_S_CTRL, &control))
				die("S_CTRL");
			close(fd);
			return;
		}
		query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	die(name);
}

/* Prints the size and format of a camera's images, and their number of bytes. */
void video_print(const char *path)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	int fd = node(path);

	if (ioctl(fd, VIDIOC_G_FMT, &format))
		die("G_FMT");
	printf("%ux%u:%.4s %u\n", format.fmt.pix.width, format.fmt.pix.height,
	       (char *)&format.fmt.pix.pixelformat, format.fmt.pix.sizeimage);
	close(fd);
}

/* SPDX-License-Identifier: MIT */
/* The actions of an attacker: swaps, floods, forged holders, files with names of dma-bufs. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Forever: the number of the first slot is alternately the file of the second and of the third. */
static void alternate(const char *slot, const char *one, const char *other)
{
	int target = slot_fd(slot), both[2] = { slot_fd(one), slot_fd(other) };

	printf("alternating %d %d\n", getpid(), target);
	fflush(stdout);
	for (unsigned turn = 0;; turn++)
		if (dup3(both[turn % 2], target, O_CLOEXEC) < 0 && errno != EBUSY)
			die("dup3");
}

/* Forever: the number of the first slot is alternately the file of the second and closed. */
static void blink_descriptor(const char *slot, const char *source)
{
	int target = slot_fd(slot);

	printf("blinking %d %d\n", getpid(), target);
	fflush(stdout);
	for (;;) {
		if (dup3(slot_fd(source), target, O_CLOEXEC) < 0 && errno != EBUSY)
			die("dup3");
		close(target);
	}
}

/* Forever: children inherit all descriptors, map the slot, and exit. */
static void churn(const char *slot)
{
	int descriptor = slot_fd(slot);

	printf("churning %d\n", getpid());
	fflush(stdout);
	for (;;) {
		pid_t child = fork();

		if (child == 0) {
			mmap(NULL, 4096, PROT_READ, MAP_SHARED, descriptor, 0);
			_exit(0);
		}
		if (child < 0)
			die("fork");
		waitpid(child, NULL, 0);
	}
}

/* Slot: a file of that name in a tmpfs that is not mounted, so that /proc shows it as /NAME. */
static void detached(const char *name)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 1), mount;

	if (context < 0 || syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		die("fsopen");
	mount = (int)syscall(SYS_fsmount, context, 1, 0);
	if (mount < 0)
		die("fsmount");
	int file = openat(mount, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (file < 0 || ftruncate(file, 4096))
		die(name);
	slot_add(file);
	close(context);
	close(mount);
}

static int unix_socket(const char *path, int type, int listens)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int made = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), result;

	if (made < 0 || strlen(path) >= sizeof(address.sun_path))
		die(path);
	strcpy(address.sun_path, path);
	result = listens ? bind(made, (struct sockaddr *)&address, sizeof(address)) || listen(made, 8)
			 : connect(made, (struct sockaddr *)&address, sizeof(address));
	if (result)
		die(path);
	return made;
}

/* Accepts one connection and sends bytes without descriptors forever: as fast as possible, or one every 100 ms. */
static void pour(const char *path, int is_slow)
{
	static const char bytes[4096];
	int listener = unix_socket(path, SOCK_STREAM, 1), peer = accept(listener, NULL, NULL);

	if (peer < 0)
		die("accept");
	while (send(peer, bytes, is_slow ? 1 : sizeof(bytes), MSG_NOSIGNAL) > 0)
		if (is_slow)
			usleep(100000);
}

static void flood(const char *path) { pour(path, 0); }
static void drip(const char *path) { pour(path, 1); }

/* Accepts one connection and closes it. */
static void hang_up(const char *path)
{
	int listener = unix_socket(path, SOCK_STREAM, 1), peer = accept(listener, NULL, NULL);

	close(peer);
	close(listener);
}

/* Opens N connections to a packet socket, and sends nothing. */
static void crowd(const char *path, const char *count)
{
	for (unsigned long long i = number(count); i > 0; i--)
		slot_add(unix_socket(path, SOCK_SEQPACKET, 0));
}

/* Opens stream connections until the queue of the listener, which never accepts, is full. */
static void queue_up(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int made;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	do {
		made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (made < 0)
			die("socket");
	} while (connect(made, (struct sockaddr *)&address, sizeof(address)) == 0);
	if (errno != EAGAIN)
		die(path);
	close(made);
}

static void send_packet(int socket, const char *bytes, size_t length, int descriptor, int count)
{
	char control[CMSG_SPACE(sizeof(int) * 253)] = "";
	struct iovec data = { (void *)bytes, length };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (count > 0) {
		struct cmsghdr *header = (struct cmsghdr *)control;

		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
		for (int i = 0; i < count; i++)
			memcpy(CMSG_DATA(header) + sizeof(int) * (size_t)i, &descriptor, sizeof(int));
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		die("sendmsg");
}

/* Sends a packet of LENGTH bytes, all BYTE, with COUNT descriptors, to the listener at PATH. */
static void packet(const char *path, const char *byte, const char *length, const char *count)
{
	size_t size = (size_t)number(length);
	char *bytes = malloc(size ? size : 1);
	int made = unix_socket(path, SOCK_SEQPACKET, 0);

	memset(bytes, (int)number(byte), size);
	send_packet(made, bytes, size, 2, (int)number(count));
	free(bytes);
	close(made);
}

/* A forged holder: replies to each request with TEXT and COUNT times the slot. */
static void fake_holder(const char *path, const char *text, const char *count, const char *slot)
{
	int listener = unix_socket(path, SOCK_SEQPACKET, 1);
	char request[64];

	printf("faking %d\n", getpid());
	fflush(stdout);
	for (;;) {
		int peer = accept(listener, NULL, NULL);

		if (peer < 0)
			die("accept");
		if (recv(peer, request, sizeof(request), 0) > 0 && text[0])
			send_packet(peer, text, strlen(text), slot_fd(slot), (int)number(count));
		close(peer);
	}
}

VERB(v_alternate, alternate(word[0], word[1], word[2]))
VERB(v_blink, blink_descriptor(word[0], word[1]))
VERB(v_churn, churn(word[0]))
VERB(v_detached, detached(word[0]))
VERB(v_flood, flood(word[0]))
VERB(v_drip, drip(word[0]))
VERB(v_hang_up, hang_up(word[0]))
VERB(v_crowd, crowd(word[0], word[1]))
VERB(v_queue_up, queue_up(word[0]))
VERB(v_packet, packet(word[0], word[1], word[2], word[3]))
VERB(v_fake_holder, fake_holder(word[0], word[1], word[2], word[3]))

const struct verb attack_verbs[] = {
	{ "alternate", 3, v_alternate, "SLOT ONE OTHER   forever: SLOT's number is alternately the file of ONE and of OTHER" },
	{ "blink", 2, v_blink, "SLOT SOURCE   forever: SLOT's number is alternately the file of SOURCE and closed" },
	{ "churn", 1, v_churn, "SLOT   forever: children that map the buffer and exit" },
	{ "detached", 1, v_detached, "NAME   slot: a file that /proc shows as /NAME, on a file system that is not mounted" },
	{ "flood", 1, v_flood, "PATH   listens, and sends bytes without descriptors to the first peer forever" },
	{ "drip", 1, v_drip, "PATH   the same, a byte every 100 ms" },
	{ "hang-up", 1, v_hang_up, "PATH   listens, and closes the first connection" },
	{ "crowd", 2, v_crowd, "PATH N   opens N silent connections to a packet socket" },
	{ "queue-up", 1, v_queue_up, "PATH   fills the queue of a stream socket whose listener never accepts" },
	{ "packet", 4, v_packet, "PATH BYTE LENGTH COUNT   sends a packet of LENGTH times BYTE with COUNT descriptors" },
	{ "fake-holder", 4, v_fake_holder, "PATH TEXT COUNT SLOT   replies to all requests with TEXT and COUNT descriptors" },
	{ NULL, 0, NULL, NULL },
};

/* SPDX-License-Identifier: MIT */
/* The actor's sockets: descriptors sent by SCM_RIGHTS over a UNIX stream socket. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST 253 /* the kernel's SCM_MAX_FD */

static int listener = -1;

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address.sun_path, path);
	return address;
}

static void send_descriptors(int socket, const int *descriptors, int count)
{
	char control[CMSG_SPACE(sizeof(int) * MOST)] = "", byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *header;

	if (count < 1 || count > MOST) {
		errno = EINVAL;
		die("slots");
	}
	message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
	memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (size_t)count);
	if (sendmsg(socket, &message, 0) != 1)
		die("sendmsg");
}

void scm_in_flight(const char *slot)
{
	int both[2], descriptor = slot_fd(slot);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, both))
		die("socketpair");
	slot_add(both[0]);
	slot_add(both[1]);
	send_descriptors(both[0], &descriptor, 1);
}

void scm_listen(const char *path)
{
	struct sockaddr_un address = address_of(path);

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
		die(path);
	slot_add(listener);
}

/* A listening actor accepts. Another actor connects, and waits up to 5 s for the listener. */
static int connection(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int made;

	if (listener >= 0) {
		while ((made = accept(listener, NULL, NULL)) < 0 && errno == EINTR)
			;
		if (made < 0)
			die("accept");
		return made;
	}
	made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int tries = 0; connect(made, (struct sockaddr *)&address, sizeof(address)); tries++) {
		if (tries == 100)
			die(path);
		usleep(50000);
	}
	return made;
}

void scm_send(const char *path, char **slots, int count)
{
	int descriptors[MOST], made;

	for (int i = 0; i < count && i < MOST; i++)
		descriptors[i] = slot_fd(slots[i]);
	made = connection(path);
	send_descriptors(made, descriptors, count);
	close(made);
}

void scm_receive(const char *path)
{
	char control[CMSG_SPACE(sizeof(int) * MOST)], byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	int made = connection(path), descriptor;
	struct cmsghdr *header;
	ssize_t got;

	while ((got = recvmsg(made, &message, 0)) < 0 && errno == EINTR)
		;
	if (got < 1)
		die("recvmsg");
	for (header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
			memcpy(&descriptor, CMSG_DATA(header) + at, sizeof(int));
			slot_add(descriptor);
		}
	}
	close(made);
}

void scm_connect(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof(address)))
		die(path);
	slot_add(made);
}

void scm_say(const char *slot, const char *text)
{
	if (send(slot_fd(slot), text, strlen(text), MSG_NOSIGNAL) < 0)
		die("send");
}

/* SPDX-License-Identifier: MIT */
/* Holders that behave as other versions of dmabuf. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void answer(int client, const char *text, int descriptor)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec data = { (void *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	}
	(void)!sendmsg(client, &message, MSG_NOSIGNAL);
}

/*
 * Version 0 is that of dmabuf before requests had a version. It accepts a verb alone, and closes the connection
 * otherwise. Later versions accept their own requests, and `describe` and `release` of other versions.
 */
void serve_as_holder(const char *version, const char *path, const char *description, const char *slot)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int own = atoi(version), listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
		die(path);
	printf("ready %d\n", getpid());
	fflush(stdout);
	for (;;) {
		char request[8];
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ssize_t count = client < 0 ? 0 : recv(client, request, sizeof(request), 0);
		int known = count == 1 || (own > 0 && count == 2);
		char verb = known ? request[count - 1] : 0;
		int asked = count == 2 ? request[0] : 0;

		if (verb == 'd' || ((verb == 'f' || verb == 'a') && asked != own))
			answer(client, description, -1);
		else if (verb == 'f' || verb == 'a')
			answer(client, description, slot_fd(slot));
		else if (verb == 'r') {
			unlink(path);
			answer(client, description, -1);
			exit(0);
		}
		close(client);
	}
}

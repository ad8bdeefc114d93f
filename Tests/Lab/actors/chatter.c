/* SPDX-License-Identifier: MIT */
/* A peer that sends bytes for SECONDS, and never a descriptor. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void chatter(const char *path, const char *seconds)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address.sun_path, path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
		die(path);
	while ((peer = accept(listener, NULL, NULL)) < 0)
		if (errno != EINTR)
			die("accept");
	for (unsigned long long turn = 10 * number(seconds); turn > 0; turn--) {
		if (send(peer, "", 1, MSG_NOSIGNAL) != 1)
			break;
		usleep(100000);
	}
	close(peer);
	close(listener);
}

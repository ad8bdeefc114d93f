/* SPDX-License-Identifier: MIT */
/* The other side of a terminal of 40x12 cells of 10x20 pixels. */
#define _GNU_SOURCE
#include "actor.h"

#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The end of a question about the terminal. */
static const char asked[] = "\033[c";

/* Runs a command on the terminal, and copies its output. Each time it asks what the terminal is, the terminal writes
   `report`, which has printf escapes. The exit status is that of the command. */
void serve_terminal(const char *report, char **command)
{
	struct winsize size = { .ws_row = 12, .ws_col = 40, .ws_xpixel = 400, .ws_ypixel = 240 };
	char bytes[4096], text[256];
	size_t matched = 0;
	ssize_t count;
	int end, status;
	pid_t child = forkpty(&end, NULL, NULL, &size);

	if (child < 0)
		die("forkpty");
	if (child == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	unescape(report, text, sizeof(text));
	/* The read fails once the command, and all its children, have closed the terminal. */
	while ((count = read(end, bytes, sizeof(bytes))) > 0) {
		fwrite(bytes, 1, (size_t)count, stdout);
		for (ssize_t i = 0; i < count; i++) {
			matched = bytes[i] == asked[matched] ? matched + 1 : bytes[i] == asked[0];
			if (asked[matched])
				continue;
			matched = 0;
			if (write(end, text, strlen(text)) < 0)
				die("write");
		}
	}
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	fflush(stdout);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

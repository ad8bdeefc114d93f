/* SPDX-License-Identifier: MIT */
/* The actor's forgeries: files with names of dma-bufs. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file on a file system that is not mounted. Its path is a slash and its name. */
static int detached_file(const char *name)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0), mount, file;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		die("fsopen");
	mount = (int)syscall(SYS_fsmount, context, 0, 0);
	if (mount < 0)
		die("fsmount");
	file = openat(mount, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, 8192))
		die(name);
	close(mount);
	close(context);
	return file;
}

static void map_file(int file)
{
	if (mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED)
		die("mmap");
}

void forge_descriptor(const char *name) { slot_add(detached_file(name)); }

void forge_mapping(const char *name)
{
	int file = detached_file(name);

	map_file(file);
	close(file);
}

/* Processes that map such a file, and have exited when a census verifies the mapping. */
void forge_storm(const char *name)
{
	int file = detached_file(name);

	for (;;) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			map_file(file);
			close(file);
			usleep(5000);
			_exit(0);
		}
		waitpid(-1, NULL, WNOHANG);
		usleep(2000);
	}
}

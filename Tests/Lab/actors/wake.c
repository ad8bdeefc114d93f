/* SPDX-License-Identifier: MIT */
/* Measures the time from the signal of a fence to the end of a program that waits for it. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The same in C: a fence is readable after it has signalled. */
void wait_readable(const char *descriptor)
{
	struct pollfd one = { .fd = (int)number(descriptor), .events = POLLIN };

	while (poll(&one, 1, -1) < 0)
		if (errno != EINTR)
			die("poll");
}

static int compare(const void *one, const void *other)
{
	long long difference = *(const long long *)one - *(const long long *)other;

	return difference < 0 ? -1 : difference > 0;
}

static long long wake_once(int turn, char **command)
{
	char value[16], slot[16];
	long long signalled;
	pid_t child;
	int status;

	snprintf(value, sizeof(value), "%d", turn);
	sw_fence(value);
	snprintf(slot, sizeof(slot), "%d", turn - 1);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		if (dup2(slot_fd(slot), 100) < 0)
			die("dup2");
		execvp(command[0], command);
		die(command[0]);
	}
	/* Long enough that the program sleeps in poll. */
	usleep(500000);
	signalled = nanoseconds();
	sw_increment("1");
	if (waitpid(child, &status, 0) != child || status != 0) {
		errno = 0;
		die(command[0]);
	}
	return nanoseconds() - signalled;
}

/* The fence is descriptor 100 of the command. Prints median and best, in microseconds. */
void wake(const char *turns, char **command)
{
	int count = (int)number(turns);
	long long *times = calloc((size_t)count, sizeof(*times));

	if (!times || count < 1)
		die(turns);
	for (int turn = 1; turn <= count; turn++)
		times[turn - 1] = wake_once(turn, command);
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("median %lld us, best %lld us\n", times[count / 2] / 1000, times[0] / 1000);
	free(times);
	exit(0);
}

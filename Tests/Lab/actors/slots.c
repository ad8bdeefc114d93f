/* SPDX-License-Identifier: MIT */
/* The table of descriptors, to which words refer by index, and the exit after an error. */
#include "actor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int slots[8192];
static int slots_used;
const char *current_verb = "actor";

void die(const char *what)
{
	fprintf(stderr, "actor: %s: %s: %s\n", current_verb, what, errno ? strerror(errno) : "wrong word");
	exit(1);
}

int slot_add(int fd)
{
	if (fd < 0)
		die("no descriptor");
	if (slots_used == (int)(sizeof(slots) / sizeof(slots[0]))) {
		errno = ENOSPC;
		die("slots");
	}
	slots[slots_used] = fd;
	return slots_used++;
}

static int slot_index(const char *word)
{
	unsigned long long index = number(word);

	if (index >= (unsigned long long)slots_used) {
		errno = ENOENT;
		die(word);
	}
	return (int)index;
}

int slot_fd(const char *word) { return slots[slot_index(word)]; }

void slot_close(const char *word)
{
	int index = slot_index(word);

	if (close(slots[index]))
		die("close");
	slots[index] = -1;
}

/* For loops that create and close descriptors: the table does not grow. */
int slot_last(void) { return slots_used - 1; }

int slot_take(int index) { return slots[index]; }

/* Closes the newest descriptor. */
void slot_drop(int index)
{
	if (index != slots_used - 1 || close(slots[--slots_used]))
		die("close");
}

/* A number: decimal, 0x…, or with K, M, G. */
unsigned long long number(const char *word)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(word, &end, 0);
	switch (*end) {
	case 'G': value <<= 10; /* fall through */
	case 'M': value <<= 10; /* fall through */
	case 'K': value <<= 10; end++; break;
	}
	if (end == word || *end) {
		errno = EINVAL;
		die(word);
	}
	return value;
}

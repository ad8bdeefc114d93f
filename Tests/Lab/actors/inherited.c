/* SPDX-License-Identifier: MIT */
/* State that a program can inherit: dispositions, masks, alarms, capabilities. Also a process that swaps its descriptors. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int signal_number(const char *name)
{
	static const struct { const char *name; int number; } known[] = {
		{ "CHLD", SIGCHLD }, { "ALRM", SIGALRM }, { "INT", SIGINT }, { "TERM", SIGTERM }, { "PIPE", SIGPIPE },
		{ "XFSZ", SIGXFSZ }, { "QUIT", SIGQUIT }, { "HUP", SIGHUP }, { "RTMAX", -1 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].number < 0 ? SIGRTMAX : known[i].number;
	errno = 0;
	die(name);
}

void ignore_signal(const char *name)
{
	if (signal(signal_number(name), SIG_IGN) == SIG_ERR)
		die(name);
}

void block_signal(const char *name)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_number(name));
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		die(name);
}

/* Forever: one number is alternately the one and the other buffer. */
void swap(const char *first, const char *second)
{
	int one = slot_fd(first), other = slot_fd(second), number = 100;

	for (;;) {
		if (dup2(one, number) < 0 || dup2(other, number) < 0)
			die("dup2");
	}
}

void set_umask(const char *mask) { umask((mode_t)number(mask)); }

/* Capabilities that exec(2) then does not give, not even to root. */
void drop_capabilities(const char *names)
{
	static const struct { const char *name; int number; } known[] = {
		{ "bpf", CAP_BPF }, { "perfmon", CAP_PERFMON }, { "sys_admin", CAP_SYS_ADMIN },
		{ "dac_override", CAP_DAC_OVERRIDE }, { "dac_read_search", CAP_DAC_READ_SEARCH },
	};
	char copy[128], *rest = copy, *word;

	if (strlen(names) >= sizeof(copy))
		die(names);
	strcpy(copy, names);
	while ((word = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, word) != 0)
			i++;
		errno = 0;
		if (i == sizeof(known) / sizeof(known[0]) || prctl(PR_CAPBSET_DROP, known[i].number, 0, 0, 0))
			die(word);
	}
}

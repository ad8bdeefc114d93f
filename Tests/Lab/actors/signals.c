/* SPDX-License-Identifier: MIT */
/* The actor's signals: default actions, alarms, interruptions. */
#define _GNU_SOURCE
#include "actor.h"

#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

static void on_alarm(int signal) { (void)signal; }

void default_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
}

/* From now on every blocking call of this process is interrupted every millisecond. */
void eintr_storm(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval each = { { 0, 1000 }, { 0, 1000 } };

	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &each, NULL))
		die("setitimer");
}

/* As alarm(2), without SA_RESTART. */
void alarm_after(const char *seconds)
{
	struct sigaction action = { .sa_handler = on_alarm };

	if (sigaction(SIGALRM, &action, NULL))
		die("sigaction");
	alarm((unsigned)number(seconds));
}

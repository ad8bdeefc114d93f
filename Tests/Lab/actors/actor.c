/* SPDX-License-Identifier: MIT */
/*
 * Creates real kernel objects without the tool under test, for cases to look at:
 *
 *     actor heap system 8192 name 0 camera map 0 close 0 ready pause
 *
 * Words are executed in order. A verb that creates a descriptor puts it into the next slot (0, 1, …).
 * Any failure ends the actor with status 1 and `actor: WORD: reason` on stderr.
 */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void pause_for_ever(void)
{
	for (;;)
		pause();
}

/* Sleeps for seconds, which may be a fraction. A signal does not shorten the sleep. */
static void sleep_for(const char *seconds)
{
	double given = strtod(seconds, NULL);
	struct timespec left = { (time_t)given, (long)((given - (double)(time_t)given) * 1e9) };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static void do_not_block(const char *slot)
{
	if (fcntl(slot_fd(slot), F_SETFL, fcntl(slot_fd(slot), F_GETFL) | O_NONBLOCK))
		die("F_SETFL");
}

static void become(const char *word)
{
	uid_t uid = (uid_t)number(word);

	if (uid == 0)
		return;
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		die(word);
	setenv("HOME", "/tmp", 1);
	setenv("USER", "nobody", 1);
}

static void limit_nofile(const char *word)
{
	struct rlimit limit = { number(word), number(word) };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die(word);
}

/* Executes the rest of the words. The command inherits the descriptors, with their numbers in SLOT_n. */
static void execute(char **words)
{
	char key[32], value[16];
	int i, flags;

	for (i = 0; i <= slot_last(); i++) {
		if (slot_take(i) < 0)
			continue;
		flags = fcntl(slot_take(i), F_GETFD);
		if (flags < 0 || fcntl(slot_take(i), F_SETFD, flags & ~FD_CLOEXEC))
			die("fcntl");
		snprintf(key, sizeof(key), "SLOT_%d", i);
		snprintf(value, sizeof(value), "%d", slot_take(i));
		setenv(key, value, 1);
	}
	execvp(words[0], words);
	fprintf(stderr, "actor: exec: %s: %s\n", words[0], strerror(errno));
	exit(errno == ENOENT ? 127 : 126);
}

/* The descriptors are too many for slots. */
static void duplicate(int fd, unsigned long long times)
{
	while (times--)
		if (dup(fd) < 0)
			die("dup");
}

/* The child has all descriptors and mappings, and lives as long as its parent. */
static void fork_and_stay(void)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			exit(0);
		pause_for_ever();
	}
}

static void pair(int (*make)(int[2]))
{
	int both[2];

	if (make(both))
		die("cannot");
	slot_add(both[0]);
	slot_add(both[1]);
}

static int make_socketpair(int both[2]) { return socketpair(AF_UNIX, SOCK_STREAM, 0, both); }

/* ---- the verbs: name, number of words that follow, action --------------------------------- */

VERB(v_buffer, buffer(word[0]))
VERB(v_heap, heap(word[0], word[1], O_RDWR))
VERB(v_heap_ro, heap(word[0], word[1], O_RDONLY))
VERB(v_heap_wo, heap(word[0], word[1], O_WRONLY))
VERB(v_udmabuf, udmabuf(word[0]))
VERB(v_vgem_dumb, vgem_dumb(word[0], word[1]))
VERB(v_memfd, memory_file(word[0], 0))
VERB(v_memfd_hugetlb, memory_file(word[0], 4 /* MFD_HUGETLB */))
VERB(v_pipe, pair(pipe))
VERB(v_socketpair, pair(make_socketpair))
VERB(v_open, slot_add(open(word[0], O_RDWR | O_CLOEXEC)))
VERB(v_name, name(word[0], word[1]))
VERB(v_map, map(word[0], 0, 0))
VERB(v_map_part, map(word[0], number(word[1]), number(word[2])))
VERB(v_unmap, unmap())
VERB(v_dup, slot_add(dup(slot_fd(word[0]))))
VERB(v_dups, duplicate(slot_fd(word[0]), number(word[1])))
VERB(v_close, slot_close(word[0]))
VERB(v_fill, fill(word[0], word[1]))
VERB(v_print, print(word[0]))
VERB(v_vgem_import, vgem_import(word[0]))
VERB(v_vgem_fence, vgem_fence(word[0], word[1]))
VERB(v_vgem_signal, vgem_signal(word[0]))
VERB(v_sw_fence, sw_fence(word[0]))
VERB(v_sw_inc, sw_increment(word[0]))
VERB(v_import_fence, import_fence(word[0], word[1], word[2]))
VERB(v_poll, poll_both(word[0]))
VERB(v_video_own, video_own(word[0], word[1]))
VERB(v_video_capture, video_capture(word[0], word[1]))
VERB(v_video_set, video_set(word[0], word[1], word[2]))
VERB(v_video_print, video_print(word[0]))
VERB(v_prime_refusals, prime_refusals(word[0]))
VERB(v_fence_refusals, fence_refusals(word[0]))
VERB(v_video_refusals, video_refusals(word[0], word[1]))
VERB(v_video_length, video_length(word[0], word[1]))
VERB(v_poll_now, poll_now(word[0], word[1]))
VERB(v_epoll, epoll_watch(word[0]))
VERB(v_epoll_wait, epoll_wait_for(word[0], word[1]))
VERB(v_alarm, alarm_after(word[0]))
VERB(v_ignore, ignore_signal(word[0]))
VERB(v_block, block_signal(word[0]))
VERB(v_swap, swap(word[0], word[1]))
VERB(v_umask, set_umask(word[0]))
VERB(v_without, drop_capabilities(word[0]))
VERB(v_nonblock, do_not_block(word[0]))
VERB(v_vgem_readers, vgem_readers(word[0], word[1]))
VERB(v_sw_timeline, sw_timeline())
VERB(v_syncobj_wait, syncobj_wait(word[0], word[1]))
VERB(v_ioctl, any_ioctl(word[0], word[1], word[2]))
VERB(v_wait_readable, wait_readable(word[0]))
VERB(v_wake, wake(word[0], word + 1))
VERB(v_terminal, serve_terminal(word[0], word + 1))
VERB(v_time, time_operation(word[0], word[1], word[2]))
VERB(v_pace, pace_operation(word[0], word[1], word[2]))
VERB(v_flags, printf("%d\n", fcntl(slot_fd(word[0]), F_GETFD)))
VERB(v_fork, fork_and_stay())
VERB(v_scm, scm_in_flight(word[0]))
VERB(v_listen, scm_listen(word[0]))
VERB(v_connect, scm_connect(word[0]))
VERB(v_chatter, chatter(word[0], word[1]))
VERB(v_say, scm_say(word[0], word[1]))
VERB(v_holder, serve_as_holder(word[0], word[1], word[2], word[3]))
VERB(v_receive, scm_receive(word[0]))
VERB(v_forge_descriptor, forge_descriptor(word[0]))
VERB(v_forge_mapping, forge_mapping(word[0]))
VERB(v_forge_storm, forge_storm(word[0]))
VERB(v_dumpable, prctl(PR_SET_DUMPABLE, 1))
VERB(v_uid, become(word[0]))
VERB(v_limit_nofile, limit_nofile(word[0]))
VERB(v_eintr_storm, eintr_storm())
VERB(v_default_signals, default_signals())
VERB(v_comm, prctl(PR_SET_NAME, word[0]))
VERB(v_sleep, sleep_for(word[0]))
VERB(v_ready, printf("ready %d\n", getpid()))
VERB(v_pause, pause_for_ever())
VERB(v_display_off, display_off(word[0]))
VERB(v_scan_out, scan_out(word[0], word[1]))
VERB(v_leak, leak(word[0], word[1]))

static const struct verb verbs[] = {
	{ "buffer", 1, v_buffer, "SIZE   a buffer of the system heap if it exists, else of vgem" },
	{ "heap", 2, v_heap, "NAME SIZE   a buffer of /dev/dma_heap/NAME" },
	{ "heap-ro", 2, v_heap_ro, "NAME SIZE   the same, its descriptor read-only" },
	{ "heap-wo", 2, v_heap_wo, "NAME SIZE   the same, its descriptor write-only" },
	{ "udmabuf", 1, v_udmabuf, "SIZE   a buffer of /dev/udmabuf; its memfd is closed" },
	{ "vgem-dumb", 2, v_vgem_dumb, "WIDTH HEIGHT   32-bit dumb buffer, exported by vgem" },
	{ "memfd", 1, v_memfd, "SIZE" },
	{ "memfd-hugetlb", 1, v_memfd_hugetlb, "SIZE" },
	{ "pipe", 0, v_pipe, "two slots" },
	{ "socketpair", 0, v_socketpair, "two slots" },
	{ "open", 1, v_open, "PATH   for reading and writing" },
	{ "name", 2, v_name, "SLOT TEXT   sets the name; TEXT has printf escapes, for any byte" },
	{ "map", 1, v_map, "SLOT   maps the whole buffer, with the access of the descriptor" },
	{ "map-part", 3, v_map_part, "SLOT OFFSET LENGTH" },
	{ "unmap", 0, v_unmap, "the newest mapping" },
	{ "dup", 1, v_dup, "SLOT" },
	{ "dups", 2, v_dups, "SLOT NUMBER   NUMBER more descriptors, without slots" },
	{ "close", 1, v_close, "SLOT" },
	{ "fill", 2, v_fill, "SLOT BYTE" },
	{ "print", 1, v_print, "SLOT   prints PID FD INO SIZE" },
	{ "vgem-import", 1, v_vgem_import, "SLOT   into vgem's device" },
	{ "vgem-fence", 2, v_vgem_fence, "SLOT read|write   a pending fence of vgem; slot: its sync_file" },
	{ "vgem-signal", 1, v_vgem_signal, "NUMBER   signals the NUMBERth vgem fence, from 1" },
	{ "sw-fence", 1, v_sw_fence, "VALUE   a fence on this process's timeline" },
	{ "sw-inc", 1, v_sw_inc, "STEPS   advances the timeline" },
	{ "import-fence", 3, v_import_fence, "SLOT FENCESLOT read|write" },
	{ "syncobj-wait", 2, v_syncobj_wait, "NODE SLOT   waits for a sync_file as the fence of a syncobj" },
	{ "sw-timeline", 0, v_sw_timeline, "slot: a new timeline, which sw-fence and sw-inc then use" },
	{ "vgem-readers", 2, v_vgem_readers, "SLOT COUNT   COUNT pending read fences of vgem" },
	{ "poll-now", 2, v_poll_now, "SLOT EVENTS   prints the events that are ready, without waiting" },
	{ "epoll", 1, v_epoll, "SLOT   slot: an armed epoll that watches SLOT for POLLIN and POLLOUT" },
	{ "epoll-wait", 2, v_epoll_wait, "SLOT MS   waits up to MS for an event of the epoll, and prints the event or 0" },
	{ "alarm", 1, v_alarm, "SECONDS   a signal after SECONDS, which interrupts a blocked call" },
	{ "ignore", 1, v_ignore, "SIGNAL   ignores SIGNAL (CHLD, ALRM, INT, …) from now on, also after exec" },
	{ "block", 1, v_block, "SIGNAL   blocks SIGNAL, likewise" },
	{ "swap", 2, v_swap, "SLOT SLOT   forever: number 100 is alternately the one and the other buffer" },
	{ "umask", 1, v_umask, "MASK   0 or 077" },
	{ "without", 1, v_without, "CAPABILITY,…   bpf, perfmon, sys_admin, dac_override, dac_read_search; exec then gives none" },
	{ "nonblock", 1, v_nonblock, "SLOT   O_NONBLOCK" },
	{ "ioctl", 3, v_ioctl, "SLOT REQUEST WORD,…|null   prints ok and the 32-bit words after it, or the error" },
	{ "wait-readable", 1, v_wait_readable, "FD   polls the descriptor number FD until it is readable" },
	{ "wake", 2, v_wake, "N CMD…   N times: time from the signal of CMD's descriptor 100, a fence, to the end of CMD" },
	{ "terminal", 2, v_terminal, "TEXT CMD…   runs CMD on a terminal that writes TEXT, with printf escapes, when it is asked" },
	{ "time", 3, v_time, "OPERATION SIZE N   median nanoseconds of an operation of dmabuf bench, on a `buffer`" },
	{ "pace", 3, v_pace, "OPERATION N LOOPS   nanoseconds of N operations of dmabuf bench, each followed by LOOPS empty loops" },
	{ "flags", 1, v_flags, "SLOT   prints F_GETFD" },
	{ "poll", 1, v_poll, "SLOT   arms POLLIN and POLLOUT without waiting" },
	{ "video-own", 2, v_video_own, "NODE N   N buffers on the camera's queue, which this process then owns" },
	{ "video-capture", 2, v_video_capture, "NODE FILE   captures a frame through the driver's own buffers" },
	{ "video-set", 3, v_video_set, "NODE CONTROL VALUE   sets a control by its name" },
	{ "video-print", 1, v_video_print, "NODE   prints WIDTHxHEIGHT:FOURCC BYTES" },
	{ "prime-refusals", 1, v_prime_refusals, "SLOT   prints what vgem refuses, a line for each rule" },
	{ "fence-refusals", 1, v_fence_refusals, "SLOT   the same for fences of vgem; takes 10 s" },
	{ "video-refusals", 2, v_video_refusals, "NODE SLOT   the same for a camera; the buffer must be too small for it" },
	{ "video-length", 2, v_video_length, "NODE SLOT   queues a length beyond the buffer, which Linux 6.12 then leaks" },
	{ "display-off", 1, v_display_off, "NODE   turns the first display off; slot: the node" },
	{ "scan-out", 2, v_scan_out, "NODE BYTE   shows an image of BYTEs on the first display; slot: the node" },
	{ "leak", 2, v_leak, "fence|sync-file|descriptor|mapping|mapped-buffer|handle|syncobj|buffer|nothing SLOT   one for each frame" },
	{ "fork", 0, v_fork, "the child has all descriptors and mappings, and pauses" },
	{ "scm", 1, v_scm, "SLOT   sends the descriptor to this process, which does not receive it" },
	{ "listen", 1, v_listen, "PATH   slot: a listening UNIX stream socket; pause serves no client" },
	{ "send", -1, NULL, "PATH SLOT…   connects, or accepts if this actor listens, and sends the descriptors" },
	{ "holder", 4, v_holder, "VERSION PATH TEXT SLOT   a holder of that version that describes itself as TEXT" },
	{ "receive", 1, v_receive, "PATH   the same, and receives; slots: the received descriptors" },
	{ "connect", 1, v_connect, "PATH   slot: a connection to a UNIX packet socket" },
	{ "chatter", 2, v_chatter, "PATH SECONDS   listens, and sends the client a byte every 100 ms" },
	{ "say", 2, v_say, "SLOT TEXT   sends a packet" },
	{ "forge-descriptor", 1, v_forge_descriptor, "NAME   slot: a file with the path /NAME, not mounted" },
	{ "forge-mapping", 1, v_forge_mapping, "NAME   maps such a file and closes it" },
	{ "forge-storm", 1, v_forge_storm, "NAME   forever: processes that map such a file and exit" },
	{ "dumpable", 0, v_dumpable, "other processes of this user may trace this process, despite the verb uid" },
	{ "uid", 1, v_uid, "N   uid and gid N, no groups" },
	{ "limit-nofile", 1, v_limit_nofile, "N" },
	{ "default-signals", 0, v_default_signals, "default actions for SIGINT and SIGQUIT, which background jobs ignore" },
	{ "eintr-storm", 0, v_eintr_storm, "a signal every millisecond from now on" },
	{ "comm", 1, v_comm, "NAME   sets the command name of this process" },
	{ "sleep", 1, v_sleep, "SECONDS" },
	{ "ready", 0, v_ready, "prints `ready PID`" },
	{ "pause", 0, v_pause, "until SIGTERM or the end of the parent" },
	{ "exec", -1, NULL, "CMD…   executes the rest of the words; it inherits the descriptors and SLOT_n" },
};

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, word) == 0)
			return &verbs[i];
	for (const struct verb *each = attack_verbs; each->name; each++)
		if (strcmp(each->name, word) == 0)
			return each;
	errno = 0;
	die("no such verb");
}

static int help(void)
{
	puts("usage: actor WORD…, executed in order; each new descriptor gets the next slot (0, 1, …)");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		printf("  %-14s%s\n", verbs[i].name, verbs[i].help);
	for (const struct verb *each = attack_verbs; each->name; each++)
		printf("  %-14s%s\n", each->name, each->help);
	return 64;
}

/* The words of `send PATH SLOT…` end at the first word that is not a number. */
static int leading_numbers(char **words)
{
	int count = 0;

	while (words[count] && words[count][0] >= '0' && words[count][0] <= '9')
		count++;
	return count;
}

int main(int argc, char **argv)
{
	char **word = argv + 1;

	if (argc == 1)
		return help();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	while (*word) {
		current_verb = *word++;
		errno = 0;
		if (strcmp(current_verb, "exec") == 0 && *word)
			execute(word);
		if (strcmp(current_verb, "send") == 0 && *word) {
			int count = leading_numbers(word + 1);

			scm_send(word[0], word + 1, count);
			word += 1 + count;
			continue;
		}
		const struct verb *found = find_verb(current_verb);
		for (int i = 0; i < found->words; i++)
			if (!word[i])
				die("words missing");
		if (!found->run)
			die("words missing");
		found->run(word);
		word += found->words;
		fflush(stdout);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Declarations that Swift cannot import: request numbers built by _IO* macros, libc calls that need
 * _GNU_SOURCE, and the signal handler. Structures are those of the kernel.
 */
#ifndef CDMABUF_H
#define CDMABUF_H

#include "fences.h"

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <sys/types.h>

static const unsigned long CDMABUF_DMA_BUF_IOCTL_SYNC = DMA_BUF_IOCTL_SYNC;
static const unsigned long CDMABUF_DMA_BUF_SET_NAME = DMA_BUF_SET_NAME_B;
static const unsigned long CDMABUF_DMA_HEAP_IOCTL_ALLOC = DMA_HEAP_IOCTL_ALLOC;
static const unsigned long CDMABUF_UDMABUF_CREATE = UDMABUF_CREATE;

static const unsigned long CDMABUF_VIDIOC_QUERYCAP = VIDIOC_QUERYCAP;
static const unsigned long CDMABUF_VIDIOC_ENUM_FMT = VIDIOC_ENUM_FMT;
static const unsigned long CDMABUF_VIDIOC_TRY_FMT = VIDIOC_TRY_FMT;
static const unsigned long CDMABUF_VIDIOC_G_FMT = VIDIOC_G_FMT;
static const unsigned long CDMABUF_VIDIOC_S_FMT = VIDIOC_S_FMT;
static const unsigned long CDMABUF_VIDIOC_CREATE_BUFS = VIDIOC_CREATE_BUFS;
static const unsigned long CDMABUF_VIDIOC_REQBUFS = VIDIOC_REQBUFS;
static const unsigned long CDMABUF_VIDIOC_QUERYBUF = VIDIOC_QUERYBUF;
static const unsigned long CDMABUF_VIDIOC_EXPBUF = VIDIOC_EXPBUF;
static const unsigned long CDMABUF_VIDIOC_QBUF = VIDIOC_QBUF;
static const unsigned long CDMABUF_VIDIOC_DQBUF = VIDIOC_DQBUF;
static const unsigned long CDMABUF_VIDIOC_STREAMON = VIDIOC_STREAMON;
static const unsigned long CDMABUF_VIDIOC_STREAMOFF = VIDIOC_STREAMOFF;

_Static_assert(sizeof(struct dma_buf_sync) == 8, "kernel ABI");
_Static_assert(sizeof(struct dma_heap_allocation_data) == 24, "kernel ABI");
_Static_assert(sizeof(struct udmabuf_create) == 24, "kernel ABI");

/* Superblock magic of the kernel's dma-buf file system ("DMAB", linux/magic.h since 5.3). */
static const long CDMABUF_SUPER_MAGIC = 0x444d4142;

/* fcntl(2) and open(2) constants that need _GNU_SOURCE. */
extern const int CDMABUF_F_ADD_SEALS;
extern const int CDMABUF_F_GET_SEALS;
extern const int CDMABUF_F_SEAL_SHRINK;
extern const int CDMABUF_O_PATH;
/* As the kernel has it: 32-bit programs see it. */
extern const int CDMABUF_O_LARGEFILE;
/* The flag of clone(2) for a new thread of the same process. */
extern const uint64_t CDMABUF_CLONE_THREAD;

int cdmabuf_memfd_create(const char *name, unsigned int flags);
int cdmabuf_execvpe(const char *file, char *const argv[], char *const environment[]);
/* Both ends are close-on-exec. */
int cdmabuf_pipe(int ends[2]);
int cdmabuf_name_process(const char *name);
/* Closes this descriptor and all higher ones. */
void cdmabuf_close_from(unsigned int first);
int cdmabuf_fcntl(int fd, int command, int argument);
/* Inline, so that a call is as fast as in C. */
static inline int cdmabuf_ioctl(int fd, unsigned long request, void *argument) {
  return ioctl(fd, request, argument);
}
int cdmabuf_fallocate(int fd, off_t length);
ssize_t cdmabuf_getdents64(int fd, void *buffer, size_t length);
int cdmabuf_pidfd_open(pid_t pid);
int cdmabuf_pidfd_getfd(int pidfd, int fd);
/* The first occurrence of `text` in `bytes`; NULL if there is none. */
const void *cdmabuf_find(const void *bytes, size_t count, const char *text);
/* A descriptor that references the file of a path without opening it (O_PATH); -1 with errno. */
int cdmabuf_open_path(const char *path);
/* The superblock magic of the file of a path, or of an open descriptor; -1 with errno. */
long cdmabuf_path_magic(const char *path);
long cdmabuf_magic(int fd);
/* The device number as /proc/PID/maps prints it: MAJOR << 32 | MINOR. */
uint64_t cdmabuf_device(dev_t device);
/* Binds this thread, and those it starts later, to a processor; EINVAL when it may not run there. */
int cdmabuf_run_on_processor(unsigned number);

/*
 * Catches the signals that ask the process to end (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM). A caught signal
 * is recorded, but does not end the process. cdmabuf_ending_signal() returns the first one, 0 when there was none.
 * A system call that begins just after a check of the record would not be interrupted. So the handler starts a
 * timer that interrupts every later call of the main thread until the process ends.
 */
void cdmabuf_catch_ending_signals(void);
int cdmabuf_ending_signal(void);
/* While enabled, such a signal restores the terminal and ends the process at once. Returns the previous setting. */
bool cdmabuf_end_at_once(bool enabled);
/* Stops catching: these signals end the process again. */
void cdmabuf_release_ending_signals(void);
/* For the start of a program: catches the signals, and corrects inherited signal dispositions and the mask.
   cdmabuf_restore_signals() restores them for commands. */
void cdmabuf_adopt_signals(void);
/* In a child, before exec(2): restores the dispositions and the mask from before cdmabuf_adopt_signals(); false if
   that was not called. */
bool cdmabuf_restore_signals(void);
/* Interrupts system calls of this thread after `nanoseconds`, then every 10 ms; 0 stops. Uses SIGRTMAX. */
int cdmabuf_interrupt_after(uint64_t nanoseconds);
/* Runs the default action of `signal`; returns only if that action does not end the process. */
void cdmabuf_end_by_signal(int signal);

/* The maximum number of descriptors in one message over a Unix socket (SCM_MAX_FD). */
enum { CDMABUF_MOST_DESCRIPTORS = 253 };

int cdmabuf_accept(int fd);
int cdmabuf_peer_user(int fd, uid_t *user);
/* The process that listens at the other end. */
int cdmabuf_peer_process(int fd, pid_t *process);
ssize_t cdmabuf_send(int fd, const void *bytes, size_t count, const int descriptors[], size_t descriptor_count);
/* Received descriptors are close-on-exec. The caller has to close them, also after a truncated message. */
ssize_t cdmabuf_receive(
  int fd, void *bytes, size_t count, int descriptors[CDMABUF_MOST_DESCRIPTORS], size_t *descriptor_count,
  bool *is_truncated);

/*
 * For probing (probe.c). Like fork(2), but the child has its own process group, and is killed when its parent dies.
 */
pid_t cdmabuf_fork_apart(void);
/* Called in such a child: the child survives the end of its parent. */
void cdmabuf_outlive_parent(void);
/* Ends such a child, without the exit handlers of the parent. */
_Noreturn void cdmabuf_end_child(void);
/* The same with an exit status. */
_Noreturn void cdmabuf_end_child_with(int status);
/* 0 when both descriptors share one open file; -1 with ENOSYS without CONFIG_KCMP. */
int cdmabuf_same_file(int first, int second);
int cdmabuf_pidfd_getfd_with(int pidfd, int fd, unsigned int flags);
ssize_t cdmabuf_read_process(pid_t process, const void *from, void *to, size_t count);
int cdmabuf_bpf(int command, void *attributes, unsigned int size);
/* An epoll instance that watches `fd`, and the ready events of it after at most `milliseconds`. */
int cdmabuf_epoll(int fd, unsigned int events);
unsigned int cdmabuf_epoll_ready(int epoll, int milliseconds);
/* Changes user and group permanently. */
int cdmabuf_become(uid_t user);

/*
 * A terminal whose mode is changed, for full-screen mode or for a query. Leaving restores the terminal that was
 * entered: its mode, after full-screen mode its normal screen and cursor, and the actions of SIGWINCH and SIGTSTP.
 */
enum { CDMABUF_EVENT_RESIZE = 1, CDMABUF_EVENT_SUSPEND = 2 };
/* Records the mode of the terminal `fd` before a change. SIGWINCH and SIGTSTP become events from now on. */
void cdmabuf_terminal_enter(int fd, const struct termios *before, bool full_screen);
/* Async-signal-safe; does nothing when no terminal was entered. */
void cdmabuf_terminal_leave(void);
/* The events since the last call. */
int cdmabuf_terminal_events(void);

#endif

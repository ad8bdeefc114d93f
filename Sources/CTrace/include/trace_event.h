/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The events that the programs of bpf/trace.bpf.c write, and DMABufTrace reads. */
#ifndef CDMABUF_TRACE_EVENT_H
#define CDMABUF_TRACE_EVENT_H

enum cdmabuf_event_kind {
  CDMABUF_EVENT_EXPORT = 1,
  CDMABUF_EVENT_FD,
  CDMABUF_EVENT_SEND,
  CDMABUF_EVENT_RECEIVE,
  CDMABUF_EVENT_TAKE,
  CDMABUF_EVENT_INHERIT,
  CDMABUF_EVENT_KEEP,
  CDMABUF_EVENT_GET,
  CDMABUF_EVENT_ATTACH,
  CDMABUF_EVENT_DETACH,
  CDMABUF_EVENT_PIN,
  CDMABUF_EVENT_UNPIN,
  CDMABUF_EVENT_MAP,
  CDMABUF_EVENT_UNMAP,
  CDMABUF_EVENT_MMAP,
  CDMABUF_EVENT_VMAP,
  CDMABUF_EVENT_VUNMAP,
  CDMABUF_EVENT_REVOKE,
  CDMABUF_EVENT_BEGIN_CPU,
  CDMABUF_EVENT_END_CPU,
  CDMABUF_EVENT_SYNC,
  CDMABUF_EVENT_IOCTL,
  CDMABUF_EVENT_POLL,
  CDMABUF_EVENT_POLL_WAKE,
  CDMABUF_EVENT_PUT,
  CDMABUF_EVENT_RELEASE,
  CDMABUF_EVENT_ADD_FENCE,
  CDMABUF_EVENT_FENCE_INIT,
  CDMABUF_EVENT_FENCE_EMIT,
  CDMABUF_EVENT_FENCE_ENABLE,
  CDMABUF_EVENT_FENCE_SIGNALED,
  CDMABUF_EVENT_FENCE_FAILED,
  CDMABUF_EVENT_FENCE_DESTROY,
  CDMABUF_EVENT_FENCE_DEADLINE,
  CDMABUF_EVENT_FENCE_WAIT,
  /* A poll of a sync_file. */
  CDMABUF_EVENT_SYNC_FILE_POLL,
  CDMABUF_EVENT_SYNCOBJ_WAIT,
  /* The thread waits for this fence in a poll or for a syncobj, which another event reports. */
  CDMABUF_EVENT_WAITS_FOR,
  CDMABUF_EVENT_FORK,
  /* Calls whose events have other kinds: they tell what a thread is in. */
  CDMABUF_EVENT_SEND_MESSAGE,
  CDMABUF_EVENT_RECEIVE_MESSAGE,
  CDMABUF_EVENT_RESERVATION_WAIT,
};

struct cdmabuf_event {
  /* CLOCK_MONOTONIC at the end of the step, in nanoseconds. */
  unsigned long long time;
  /* Nanoseconds from the call to its return; 0 for events that are moments. */
  unsigned long long duration;
  unsigned long long inode;
  unsigned long long size;
  /* The address of the reservation object, which links fences with buffers. */
  unsigned long long reservation;
  unsigned long long context;
  unsigned long long seqno;
  /* What the function returned: 0 or more, or an errno below 0. */
  long long result;
  unsigned int kind;
  int pid;
  int tid;
  /* The process that forked, for CDMABUF_EVENT_INHERIT. */
  int parent;
  /* Direction of a mapping or access, request of an ioctl, events of a poll, usage of a fence. */
  unsigned int detail;
  /* NUL-terminated. */
  char command[16];
  char parent_command[16];
  char exporter[32];
  char name[32];
  char device[32];
  char driver[32];
  char timeline[32];
};

enum { cdmabuf_registers = 33, cdmabuf_stack_size = 16384 };

/* An event of CDMABUF_EVENT_EXPORT with the stack of the user. The size of the record tells it from an event. */
struct cdmabuf_stack_event {
  struct cdmabuf_event event;
  /* The number of valid bytes of the stack. */
  unsigned int length;
  /* In the order of DWARF. */
  unsigned long long registers[cdmabuf_registers];
  unsigned char stack[cdmabuf_stack_size];
};

#endif

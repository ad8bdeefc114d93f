/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The events that the programs of bpf/trace.bpf.c write, and DMABufTrace reads. */
#ifndef CDMABUF_TRACE_EVENT_H
#define CDMABUF_TRACE_EVENT_H

enum cdmabuf_event_kind {
  CDMABUF_EVENT_EXPORT = 1,
  CDMABUF_EVENT_FD,
  CDMABUF_EVENT_SEND,
  CDMABUF_EVENT_RECEIVE,
  CDMABUF_EVENT_DUPLICATE,
  CDMABUF_EVENT_INHERIT,
  CDMABUF_EVENT_RETAIN,
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
  /* A thread that waited in poll(2) or select(2) returns. */
  CDMABUF_EVENT_POLL_END,
  CDMABUF_EVENT_PUT,
  CDMABUF_EVENT_RELEASE,
  CDMABUF_EVENT_ADD_FENCE,
  CDMABUF_EVENT_FENCE_INIT,
  CDMABUF_EVENT_FENCE_EMIT,
  CDMABUF_EVENT_FENCE_ENABLE,
  CDMABUF_EVENT_FENCE_SIGNALED,
  CDMABUF_EVENT_FENCE_DESTROY,
  CDMABUF_EVENT_FENCE_DEADLINE,
  CDMABUF_EVENT_FENCE_WAIT_START,
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
  CDMABUF_EVENT_EPOLL,
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
  /*
   * Direction of a mapping or access, request of an ioctl, usage of a fence; 1 for a dynamic attachment, and 2 for one
   * with access from device to device; 1 for a look that waits in poll(2) unless the file is ready, and for a wait in
   * DMA_BUF_IOCTL_SYNC; 2 for a look of epoll_ctl(2).
   */
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

/*
 * A traced function, in the cookie of its probe: the kind of its event, the object that the event describes, the number
 * of the function if its return is traced (from 1; else 0), and the number of the function that makes this call a part
 * of its own (0 for none).
 */
#define CDMABUF_COOKIE(kind, object, call, outer) \
  ((unsigned long long)(kind) | (object) << 8 | (call) << 16 | (outer) << 24)

/* The numbers of functions that the programs look for in the calls of a thread. */
enum cdmabuf_call {
  cdmabuf_receive_call = 1,
  cdmabuf_reservation_call,
  cdmabuf_ioctl_call,
  cdmabuf_poll_call,
  cdmabuf_sync_file_call,
  cdmabuf_syncobj_call,
  cdmabuf_syncobj_timeline_call,
  cdmabuf_epoll_call,
  /* Not functions: the time between two tracepoints, and from a look that found nothing ready to the end of the poll. */
  cdmabuf_fence_wait_call,
  cdmabuf_armed_call,
  cdmabuf_first_free_call,
};

/* Where a function has its object. */
enum cdmabuf_object {
  CDMABUF_OBJECT_NONE,
  /* Argument 0. */
  CDMABUF_OBJECT_BUFFER,
  CDMABUF_OBJECT_ATTACHMENT,
  CDMABUF_OBJECT_FENCE,
  CDMABUF_OBJECT_RESERVATION,
  CDMABUF_OBJECT_DENTRY,
  CDMABUF_OBJECT_FILE,
  CDMABUF_OBJECT_SYNC_FILE,
  /* Argument 1. */
  CDMABUF_OBJECT_SECOND_ATTACHMENT,
  /* Arguments 0 and 1: a buffer and a device, a reservation object and a fence, a descriptor and its file. */
  CDMABUF_OBJECT_BUFFER_DEVICE,
  CDMABUF_OBJECT_RESERVATION_FENCE,
  CDMABUF_OBJECT_DESCRIPTOR,
  /* The files of the message in argument 2. */
  CDMABUF_OBJECT_MESSAGE,
  /* What the function returned. */
  CDMABUF_OBJECT_RESULT,
};

/* What the programs are told before they are loaded. */
struct cdmabuf_trace_settings {
  /* The pid namespace of the tracer, in which processes have their numbers; 0 for the initial one. */
  unsigned long long namespace_device;
  unsigned long long namespace_inode;
  /* The process that traces: its own calls are no events. */
  int tracer;
  /* Whether processes that fork are reported. */
  int forks;
  /* Whether exports have the user's stack. */
  int stacks;
  /* The bytes of events that wake the tracer, and not more than twice as many. */
  unsigned int wake_at;
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

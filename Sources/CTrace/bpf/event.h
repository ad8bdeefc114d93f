/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The events of a trace: their ring buffer, their calls, and the description of objects. */
#ifndef CDMABUF_EVENT_H
#define CDMABUF_EVENT_H

#include "kernel.h"
#include "../include/trace_event.h"

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 8 << 20); } events SEC(".maps");

/* The calls that have not returned yet, by thread and number of the function. */
struct call { u64 time; u64 arguments[4]; };
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, u64);
  __type(value, struct call);
} calls SEC(".maps");

/* Events that found no room, and returns that the kernel did not report. */
u64 lost;
const volatile struct cdmabuf_trace_settings settings;

enum { dma_buf_magic = 0x444d4142, largest_errno = 4095, most_descriptors = 1 << 16, most_files = 253 };
/* Numbers of system calls. */
enum { epoll_ctl_arm64 = 21, epoll_ctl_x86 = 233, pidfd_getfd = 438 };

static bool is_error(u64 pointer) { return pointer >= (u64)-largest_errno; }
static u32 kind_of(u64 cookie) { return cookie & 0xff; }
static u32 object_of(u64 cookie) { return cookie >> 8 & 0xff; }
static u32 call_of(u64 cookie) { return cookie >> 16 & 0xff; }
static u32 outer_of(u64 cookie) { return cookie >> 24 & 0xff; }

/* ---- Calls that have not returned. ---- */

static u64 key(u32 number) { return (u64)number << 32 | (u32)bpf_get_current_pid_tgid(); }

static struct call *current_call(u32 number) {
  u64 thread = key(number);
  return bpf_map_lookup_elem(&calls, &thread);
}

static void remember_call(u32 number, const struct call *call) {
  u64 thread = key(number);
  bpf_map_update_elem(&calls, &thread, call, BPF_ANY);
}

static void forget_call(u32 number) {
  u64 thread = key(number);
  bpf_map_delete_elem(&calls, &thread);
}

/* DMA_BUF_IOCTL_SYNC is the begin or end of an access by a process. */
static bool is_sync(u64 request) { return (request & 0xff) == 0; }

/* ---- Events. ---- */

/*
 * How an event wakes the tracer: only when it begins to fall behind, because it looks ten times a second. But the process
 * of a stack must not end before the tracer looks.
 */
static __always_inline u64 wake_up(void) {
  if (settings.stacks) return BPF_RB_FORCE_WAKEUP;
  u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
  return waiting - settings.wake_at < settings.wake_at ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* The numbers of the current process and thread for the tracer; -1 outside of its pid namespace. */
static u64 current_ids(void) {
  struct bpf_pidns_info own = {};
  if (!settings.namespace_inode) return bpf_get_current_pid_tgid();
  if (bpf_get_ns_current_pid_tgid(settings.namespace_device, settings.namespace_inode, &own, sizeof own)) return -1;
  return (u64)own.tgid << 32 | own.pid;
}

static void fill(struct cdmabuf_event *event, u32 kind, u64 ids) {
  __builtin_memset(event, 0, sizeof *event);
  event->time = bpf_ktime_get_ns();
  event->kind = kind;
  event->pid = ids >> 32;
  event->tid = (u32)ids;
  struct task_struct *task = (void *)bpf_get_current_task();
  BPF_CORE_READ_INTO(&event->command, task, group_leader, comm);
}

/* Inline, because before Linux 6.13 the callback of a loop may only submit what it has reserved itself. */
static __always_inline struct cdmabuf_event *begin_event(u32 kind) {
  u64 ids = current_ids();
  if ((int)(ids >> 32) == settings.tracer) return 0;
  struct cdmabuf_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  if (event)
    fill(event, kind, ids);
  else
    __sync_fetch_and_add(&lost, 1);
  return event;
}

static void describe_buffer(struct cdmabuf_event *event, struct dma_buf *buffer) {
  const char *name = BPF_CORE_READ(buffer, name);
  event->inode = BPF_CORE_READ(buffer, file, f_inode, i_ino);
  event->size = BPF_CORE_READ(buffer, size);
  event->reservation = (u64)BPF_CORE_READ(buffer, resv);
  bpf_probe_read_kernel_str(event->exporter, sizeof event->exporter, BPF_CORE_READ(buffer, exp_name));
  if (name) bpf_probe_read_kernel_str(event->name, sizeof event->name, name);
}

static void describe_device(struct cdmabuf_event *event, struct device *device) {
  const char *name = BPF_CORE_READ(device, init_name);
  if (!name) name = BPF_CORE_READ(device, kobj.name);
  bpf_probe_read_kernel_str(event->device, sizeof event->device, name);
}

static void describe_fence(struct cdmabuf_event *event, struct dma_fence *fence) {
  event->context = BPF_CORE_READ(fence, context);
  event->seqno = BPF_CORE_READ(fence, seqno);
}

/* The buffer of a file; 0 if the file is another one. */
static struct dma_buf *buffer_of(struct file *file) {
  if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != dma_buf_magic) return 0;
  return BPF_CORE_READ(file, private_data);
}

static void describe(struct cdmabuf_event *event, u32 object, const struct call *call, u64 result) {
  struct dma_buf *buffer = 0;
  struct dma_buf_attachment *attachment = 0;
  struct dma_fence *fence = 0;
  struct sync_file *sync = 0;
  u64 first = call->arguments[0], second = call->arguments[1];
  switch (object) {
    case CDMABUF_OBJECT_BUFFER_DEVICE:
      describe_device(event, (void *)second);
    case CDMABUF_OBJECT_BUFFER:
      buffer = (void *)first;
      break;
    case CDMABUF_OBJECT_RESULT:
      if (!is_error(result)) buffer = (void *)result;
      break;
    case CDMABUF_OBJECT_FILE:
      buffer = BPF_CORE_READ((struct file *)first, private_data);
      break;
    case CDMABUF_OBJECT_DESCRIPTOR:
      buffer = buffer_of((void *)second);
      break;
    case CDMABUF_OBJECT_DENTRY:
      buffer = BPF_CORE_READ((struct dentry *)first, d_fsdata);
      break;
    case CDMABUF_OBJECT_ATTACHMENT:
      attachment = (void *)first;
      break;
    case CDMABUF_OBJECT_SECOND_ATTACHMENT:
      attachment = (void *)second;
      break;
    case CDMABUF_OBJECT_FENCE:
      fence = (void *)first;
      break;
    case CDMABUF_OBJECT_RESERVATION_FENCE:
      fence = (void *)second;
      event->reservation = first;
      break;
    case CDMABUF_OBJECT_SYNC_FILE:
      sync = BPF_CORE_READ((struct file *)first, private_data);
      fence = BPF_CORE_READ(sync, fence);
      break;
  }
  if (attachment) {
    buffer = BPF_CORE_READ(attachment, dmabuf);
    describe_device(event, BPF_CORE_READ(attachment, dev));
  }
  if (buffer) describe_buffer(event, buffer);
  if (fence) describe_fence(event, fence);
}

/* The number of the system call that the thread is in. */
static u32 system_call(void) {
  void *user = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
  if (bpf_core_field_exists(struct pt_regs___x86, di)) return BPF_CORE_READ((struct pt_regs___x86 *)user, orig_ax);
  return BPF_CORE_READ((struct pt_regs___arm64 *)user, syscallno);
}

/* 0 for a look without a queue to wait on, which only asks what is ready; 2 for one of epoll_ctl(2); else 1. */
static u32 kind_of_look(struct poll_table_struct *table) {
  if (!table || !BPF_CORE_READ(table, _qproc)) return 0;
  return system_call() == (bpf_core_field_exists(struct pt_regs___x86, di) ? epoll_ctl_x86 : epoll_ctl_arm64) ? 2 : 1;
}

/* The number that an event of this kind has beside its object. */
static u32 detail(u32 kind, const struct call *call) {
  u64 second = call->arguments[1], third = call->arguments[2], flags = 0;
  switch (kind) {
    case CDMABUF_EVENT_ATTACH:
      if (!third) return 0;
      return BPF_CORE_READ((struct dma_buf_attach_ops *)third, allow_peer2peer) ? 2 : 1;
    case CDMABUF_EVENT_POLL:
    case CDMABUF_EVENT_SYNC_FILE_POLL:
      return kind_of_look((struct poll_table_struct *)second);
    case CDMABUF_EVENT_SYNC:
      return bpf_probe_read_user(&flags, sizeof flags, (void *)third) ? 0 : flags;
    case CDMABUF_EVENT_ADD_FENCE:
    case CDMABUF_EVENT_UNMAP:
      return third;
    default:
      return second;
  }
}

static long long result_of(u32 kind, const struct call *call, u64 result) {
  struct vm_area_struct *area = (void *)call->arguments[1];
  switch (kind) {
    case CDMABUF_EVENT_MMAP:
      return (int)result ? (int)result : BPF_CORE_READ(area, vm_end) - BPF_CORE_READ(area, vm_start);
    case CDMABUF_EVENT_GET:
      return is_error(result) ? (long long)result : (int)call->arguments[0];
    case CDMABUF_EVENT_FD:
    case CDMABUF_EVENT_RECEIVE:
    case CDMABUF_EVENT_DUPLICATE:
      return (int)call->arguments[0];
    case CDMABUF_EVENT_FENCE_DEADLINE:
      return call->arguments[1];
    case CDMABUF_EVENT_EXPORT:
    case CDMABUF_EVENT_ATTACH:
      return is_error(result) ? (long long)result : 0;
    /* Functions without a result. */
    case CDMABUF_EVENT_UNMAP:
    case CDMABUF_EVENT_VUNMAP:
      return 0;
    case CDMABUF_EVENT_MAP:
      return is_error(result) ? (long long)result : BPF_CORE_READ((struct sg_table *)result, nents);
    case CDMABUF_EVENT_POLL:
    case CDMABUF_EVENT_SYNC_FILE_POLL:
      return (u32)result;
    default:
      return (int)result;
  }
}

static void report(u64 cookie, u32 kind, const struct call *call, u64 result, bool has_returned) {
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return;
  describe(event, object_of(cookie), call, result);
  event->result = result_of(kind, call, result);
  event->detail = detail(kind, call);
  if (has_returned) event->duration = event->time - call->time;
  if (kind == CDMABUF_EVENT_POLL || kind == CDMABUF_EVENT_SYNC_FILE_POLL) {
    struct call *epoll = current_call(cdmabuf_epoll_call);
    event->duration = epoll ? event->time - epoll->time : 0;
    if (event->detail == 1 && !result) remember_call(cdmabuf_armed_call, call);
  }
  bpf_ringbuf_submit(event, wake_up());
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The steps of buffers and the life of fences, as events in a ring buffer.
 *
 * Structures declare only the members that are used. libbpf locates these members in the running kernel
 * by its BTF.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "../include/trace_event.h"

#define KERNEL __attribute__((preserve_access_index))

typedef unsigned long long u64;
typedef unsigned int u32;

enum { dma_buf_magic = 0x444d4142, largest_errno = 4095 };

struct super_block { unsigned long s_magic; } KERNEL;
struct inode { unsigned long i_ino; struct super_block *i_sb; } KERNEL;
struct file { struct inode *f_inode; void *private_data; } KERNEL;
struct dentry { void *d_fsdata; } KERNEL;
struct dma_resv;
struct dma_buf {
  unsigned long size;
  struct file *file;
  const char *exp_name;
  const char *name;
  struct dma_resv *resv;
} KERNEL;
struct kobject { const char *name; } KERNEL;
struct device { struct kobject kobj; const char *init_name; } KERNEL;
struct dma_buf_attachment { struct dma_buf *dmabuf; struct device *dev; } KERNEL;
struct dma_fence { u64 context; u64 seqno; int error; } KERNEL;
struct sync_file { struct dma_fence *fence; } KERNEL;
struct poll_table_struct { void *_qproc; } KERNEL;
struct vm_area_struct { unsigned long vm_start; unsigned long vm_end; } KERNEL;
struct task_struct { int tgid; struct task_struct *group_leader; char comm[16]; } KERNEL;
struct dma_buf_export_info;
struct dma_buf_attach_ops;
struct dma_fence_cb;
struct sg_table;
/* Of all tracepoints of fences. */
struct trace_event_raw_dma_fence {
  u32 __data_loc_driver;
  u32 __data_loc_timeline;
  u32 context;
  u32 seqno;
} KERNEL;

char licence[] SEC("license") = "Dual MIT/GPL";

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 8 << 20); } events SEC(".maps");

/* The beginnings of calls that have not returned yet, by thread and kind. */
struct beginning { u64 time; u64 context; u64 seqno; };
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, u64);
  __type(value, struct beginning);
} beginnings SEC(".maps");

/* Events that found no room. */
u64 lost;
/* The process that traces: its own calls are no events. */
const volatile int tracer;
/* The process whose descendants are followed; 0 for none. */
const volatile int root;

static u64 key(u32 kind) { return (u64)kind << 32 | (u32)bpf_get_current_pid_tgid(); }

static struct cdmabuf_event *begin_event(u32 kind) {
  u64 ids = bpf_get_current_pid_tgid();
  if ((int)(ids >> 32) == tracer) return 0;
  struct cdmabuf_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  __builtin_memset(event, 0, sizeof *event);
  event->time = bpf_ktime_get_ns();
  event->kind = kind;
  event->pid = ids >> 32;
  event->tid = (u32)ids;
  struct task_struct *task = (void *)bpf_get_current_task();
  BPF_CORE_READ_INTO(&event->command, task, group_leader, comm);
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

static bool is_error(const void *pointer) { return (u64)pointer >= (u64)-largest_errno; }

static void buffer_event(u32 kind, struct dma_buf *buffer, long long result, u32 detail) {
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return;
  if (buffer && !is_error(buffer)) describe_buffer(event, buffer);
  event->result = result;
  event->detail = detail;
  bpf_ringbuf_submit(event, 0);
}

static void attachment_event(u32 kind, struct dma_buf_attachment *attachment, long long result, u32 detail, u64 begun) {
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return;
  describe_buffer(event, BPF_CORE_READ(attachment, dmabuf));
  describe_device(event, BPF_CORE_READ(attachment, dev));
  event->result = result;
  event->detail = detail;
  if (begun) event->duration = event->time - begun;
  bpf_ringbuf_submit(event, 0);
}

static void enter(u32 kind, u64 context, u64 seqno) {
  u64 thread = key(kind);
  struct beginning beginning = {.time = bpf_ktime_get_ns(), .context = context, .seqno = seqno};
  bpf_map_update_elem(&beginnings, &thread, &beginning, BPF_ANY);
}

static u64 leave(u32 kind) {
  u64 thread = key(kind), time = 0;
  struct beginning *beginning = bpf_map_lookup_elem(&beginnings, &thread);
  if (beginning) time = beginning->time;
  bpf_map_delete_elem(&beginnings, &thread);
  return time;
}

/* ---- Buffers: the steps of the dma-buf guide. ---- */

SEC("fexit/dma_buf_export") int BPF_PROG(trace_export, void *info, struct dma_buf *buffer) {
  buffer_event(CDMABUF_EVENT_EXPORT, buffer, is_error(buffer) ? (long long)buffer : 0, 0);
  return 0;
}

/* Each new descriptor: of an export, a message, pidfd_getfd(2), or dup(2). */
SEC("fentry/fd_install") int BPF_PROG(trace_fd, unsigned int fd, struct file *file) {
  if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != dma_buf_magic) return 0;
  buffer_event(CDMABUF_EVENT_FD, BPF_CORE_READ(file, private_data), fd, 0);
  return 0;
}

SEC("fexit/dma_buf_get") int BPF_PROG(trace_get, int fd, struct dma_buf *buffer) {
  buffer_event(CDMABUF_EVENT_GET, buffer, is_error(buffer) ? (long long)buffer : fd, 0);
  return 0;
}

SEC("fexit/dma_buf_dynamic_attach")
int BPF_PROG(trace_attach, struct dma_buf *buffer, struct device *device, void *ops, void *priv, void *attachment) {
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_ATTACH);
  if (!event) return 0;
  describe_buffer(event, buffer);
  describe_device(event, device);
  event->result = is_error(attachment) ? (long long)attachment : 0;
  event->detail = ops != 0;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("fentry/dma_buf_detach")
int BPF_PROG(trace_detach, struct dma_buf *buffer, struct dma_buf_attachment *attachment) {
  attachment_event(CDMABUF_EVENT_DETACH, attachment, 0, 0, 0);
  return 0;
}

SEC("fexit/dma_buf_pin") int BPF_PROG(trace_pin, struct dma_buf_attachment *attachment, int result) {
  attachment_event(CDMABUF_EVENT_PIN, attachment, result, 0, 0);
  return 0;
}

SEC("fentry/dma_buf_unpin") int BPF_PROG(trace_unpin, struct dma_buf_attachment *attachment) {
  attachment_event(CDMABUF_EVENT_UNPIN, attachment, 0, 0, 0);
  return 0;
}

SEC("fentry/dma_buf_map_attachment") int BPF_PROG(enter_map, struct dma_buf_attachment *attachment, int direction) {
  enter(CDMABUF_EVENT_MAP, 0, 0);
  return 0;
}

SEC("fexit/dma_buf_map_attachment")
int BPF_PROG(trace_map, struct dma_buf_attachment *attachment, int direction, void *table) {
  attachment_event(
    CDMABUF_EVENT_MAP, attachment, is_error(table) ? (long long)table : 0, direction, leave(CDMABUF_EVENT_MAP));
  return 0;
}

SEC("fentry/dma_buf_unmap_attachment")
int BPF_PROG(trace_unmap, struct dma_buf_attachment *attachment, void *table, int direction) {
  attachment_event(CDMABUF_EVENT_UNMAP, attachment, 0, direction, 0);
  return 0;
}

SEC("fexit/dma_buf_mmap_internal")
int BPF_PROG(trace_mmap, struct file *file, struct vm_area_struct *area, int result) {
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_MMAP);
  if (!event) return 0;
  describe_buffer(event, BPF_CORE_READ(file, private_data));
  event->size = BPF_CORE_READ(area, vm_end) - BPF_CORE_READ(area, vm_start);
  event->result = result;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

/* DMA_BUF_IOCTL_SYNC is the begin or end of an access by a process: the functions below may be inlined into it. */
static bool is_sync(unsigned int request) { return (request & 0xff) == 0; }

SEC("fentry/dma_buf_ioctl")
int BPF_PROG(enter_ioctl, struct file *file, unsigned int request, unsigned long argument) {
  if (is_sync(request)) enter(CDMABUF_EVENT_SYNC, 0, 0);
  return 0;
}

SEC("fexit/dma_buf_ioctl")
int BPF_PROG(trace_ioctl, struct file *file, unsigned int request, unsigned long argument, long result) {
  u64 begun = is_sync(request) ? leave(CDMABUF_EVENT_SYNC) : 0, flags = 0;
  struct cdmabuf_event *event = begin_event(is_sync(request) ? CDMABUF_EVENT_SYNC : CDMABUF_EVENT_IOCTL);
  if (!event) return 0;
  describe_buffer(event, BPF_CORE_READ(file, private_data));
  if (begun) event->duration = event->time - begun;
  event->result = result;
  event->detail = request;
  if (is_sync(request) && !bpf_probe_read_user(&flags, sizeof flags, (void *)argument)) event->detail = flags;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

static bool is_in_sync(void) {
  u64 thread = key(CDMABUF_EVENT_SYNC);
  return bpf_map_lookup_elem(&beginnings, &thread) != 0;
}

SEC("fentry/dma_buf_begin_cpu_access") int BPF_PROG(enter_begin, struct dma_buf *buffer, int direction) {
  enter(CDMABUF_EVENT_BEGIN_CPU, 0, 0);
  return 0;
}

SEC("fexit/dma_buf_begin_cpu_access")
int BPF_PROG(trace_begin, struct dma_buf *buffer, int direction, int result) {
  u64 begun = leave(CDMABUF_EVENT_BEGIN_CPU);
  if (is_in_sync()) return 0;
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_BEGIN_CPU);
  if (!event) return 0;
  describe_buffer(event, buffer);
  event->result = result;
  event->detail = direction;
  if (begun) event->duration = event->time - begun;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("fexit/dma_buf_end_cpu_access")
int BPF_PROG(trace_end, struct dma_buf *buffer, int direction, int result) {
  if (!is_in_sync()) buffer_event(CDMABUF_EVENT_END_CPU, buffer, result, direction);
  return 0;
}

SEC("fexit/dma_buf_poll")
int BPF_PROG(trace_poll, struct file *file, struct poll_table_struct *table, u32 result) {
  /* Without a queue to wait on, the call only asks what is ready. */
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_POLL);
  if (!event) return 0;
  struct dma_buf *buffer = BPF_CORE_READ(file, private_data);
  describe_buffer(event, buffer);
  event->result = result;
  event->detail = table && BPF_CORE_READ(table, _qproc) != 0;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("fentry/dma_buf_poll_cb") int BPF_PROG(trace_poll_wake, struct dma_fence *fence, void *callback) {
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_POLL_WAKE);
  if (!event) return 0;
  event->context = BPF_CORE_READ(fence, context);
  event->seqno = BPF_CORE_READ(fence, seqno);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("fentry/dma_buf_release") int BPF_PROG(trace_release, struct dentry *dentry) {
  buffer_event(CDMABUF_EVENT_RELEASE, BPF_CORE_READ(dentry, d_fsdata), 0, 0);
  return 0;
}

/* ---- Processes. ---- */

SEC("tp_btf/sched_process_fork") int BPF_PROG(trace_fork, struct task_struct *parent, struct task_struct *child) {
  int pid = BPF_CORE_READ(child, tgid);
  /* A thread is no process. */
  if (!root || pid == BPF_CORE_READ(parent, tgid)) return 0;
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_FORK);
  if (!event) return 0;
  event->result = pid;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

/* ---- Fences. ---- */

SEC("fentry/dma_resv_add_fence")
int BPF_PROG(trace_add_fence, struct dma_resv *reservation, struct dma_fence *fence, int usage) {
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_ADD_FENCE);
  if (!event) return 0;
  event->reservation = (u64)reservation;
  event->context = BPF_CORE_READ(fence, context);
  event->seqno = BPF_CORE_READ(fence, seqno);
  event->detail = usage;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

static void text_of(char *text, u32 size, struct trace_event_raw_dma_fence *record, u32 location) {
  bpf_probe_read_kernel_str(text, size, (char *)record + (location & 0xffff));
}

static int fence_event(u32 kind, struct trace_event_raw_dma_fence *record, u64 begun) {
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return 0;
  event->context = record->context;
  event->seqno = record->seqno;
  text_of(event->driver, sizeof event->driver, record, record->__data_loc_driver);
  text_of(event->timeline, sizeof event->timeline, record, record->__data_loc_timeline);
  if (begun) event->duration = event->time - begun;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("tp/dma_fence/dma_fence_init") int trace_fence_init(struct trace_event_raw_dma_fence *record) {
  return fence_event(CDMABUF_EVENT_FENCE_INIT, record, 0);
}
SEC("tp/dma_fence/dma_fence_emit") int trace_fence_emit(struct trace_event_raw_dma_fence *record) {
  return fence_event(CDMABUF_EVENT_FENCE_EMIT, record, 0);
}
SEC("tp/dma_fence/dma_fence_enable_signal") int trace_fence_enable(struct trace_event_raw_dma_fence *record) {
  return fence_event(CDMABUF_EVENT_FENCE_ENABLE, record, 0);
}
SEC("tp/dma_fence/dma_fence_signaled") int trace_fence_signaled(struct trace_event_raw_dma_fence *record) {
  return fence_event(CDMABUF_EVENT_FENCE_SIGNALED, record, 0);
}
SEC("tp/dma_fence/dma_fence_destroy") int trace_fence_destroy(struct trace_event_raw_dma_fence *record) {
  return fence_event(CDMABUF_EVENT_FENCE_DESTROY, record, 0);
}
SEC("tp/dma_fence/dma_fence_wait_start") int enter_fence_wait(struct trace_event_raw_dma_fence *record) {
  enter(CDMABUF_EVENT_FENCE_WAIT, record->context, record->seqno);
  return 0;
}
SEC("tp/dma_fence/dma_fence_wait_end") int trace_fence_wait(struct trace_event_raw_dma_fence *record) {
  return fence_event(CDMABUF_EVENT_FENCE_WAIT, record, leave(CDMABUF_EVENT_FENCE_WAIT));
}

/* The tracepoint has no status. */
SEC("tp_btf/dma_fence_signaled") int BPF_PROG(trace_fence_failed, struct dma_fence *fence) {
  int error = BPF_CORE_READ(fence, error);
  if (!error) return 0;
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_FENCE_FAILED);
  if (!event) return 0;
  event->context = BPF_CORE_READ(fence, context);
  event->seqno = BPF_CORE_READ(fence, seqno);
  event->result = error;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("fexit/sync_file_poll")
int BPF_PROG(trace_sync_file_poll, struct file *file, struct poll_table_struct *table, u32 result) {
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_SYNC_FILE_POLL);
  if (!event) return 0;
  struct sync_file *sync = BPF_CORE_READ(file, private_data);
  event->context = BPF_CORE_READ(sync, fence, context);
  event->seqno = BPF_CORE_READ(sync, fence, seqno);
  event->result = result;
  event->detail = table && BPF_CORE_READ(table, _qproc) != 0;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

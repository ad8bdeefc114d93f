/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The steps of buffers and the life of fences, as events in a ring buffer.
 *
 * Two programs serve all functions: one at the call, one at the return. The cookie of a probe describes its function.
 * Structures declare only the members that are used. libbpf locates these members in the running kernel by its BTF.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "kernel.h"
#include "../include/trace_event.h"

char licence[] SEC("license") = "Dual MIT/GPL";

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

static struct cdmabuf_event *begin_event(u32 kind) {
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
      return third != 0;
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
    case CDMABUF_EVENT_TAKE:
      return (int)call->arguments[0];
    case CDMABUF_EVENT_FENCE_DEADLINE:
      return call->arguments[1];
    case CDMABUF_EVENT_EXPORT:
    case CDMABUF_EVENT_ATTACH:
    case CDMABUF_EVENT_MAP:
      return is_error(result) ? (long long)result : 0;
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
  bpf_ringbuf_submit(event, 0);
}

/* ---- Stacks. ---- */

static void read_registers(u64 *registers) {
  struct task_struct *task = (void *)bpf_get_current_task_btf();
  void *user = (void *)bpf_task_pt_regs((void *)task);
  if (bpf_core_field_exists(struct pt_regs___x86, di)) {
    struct pt_regs___x86 *from = user;
    const u64 values[] = {
      BPF_CORE_READ(from, ax),  BPF_CORE_READ(from, dx),  BPF_CORE_READ(from, cx),  BPF_CORE_READ(from, bx),
      BPF_CORE_READ(from, si),  BPF_CORE_READ(from, di),  BPF_CORE_READ(from, bp),  BPF_CORE_READ(from, sp),
      BPF_CORE_READ(from, r8),  BPF_CORE_READ(from, r9),  BPF_CORE_READ(from, r10), BPF_CORE_READ(from, r11),
      BPF_CORE_READ(from, r12), BPF_CORE_READ(from, r13), BPF_CORE_READ(from, r14), BPF_CORE_READ(from, r15),
      BPF_CORE_READ(from, ip),
    };
    __builtin_memcpy(registers, values, sizeof values);
  } else {
    struct pt_regs___arm64 *from = user;
    BPF_CORE_READ_INTO(registers, from, regs);
    registers[31] = BPF_CORE_READ(from, sp);
    registers[32] = BPF_CORE_READ(from, pc);
  }
}

static u64 stack_pointer(const u64 *registers) {
  return bpf_core_field_exists(struct pt_regs___x86, di) ? registers[7] : registers[31];
}

/* Reports the export of a buffer with the stack of the user. */
static void report_with_stack(u64 cookie, const struct call *call, u64 result) {
  enum { step = 1024 };
  u64 ids = current_ids();
  if ((int)(ids >> 32) == settings.tracer) return;
  struct cdmabuf_stack_event *record = bpf_ringbuf_reserve(&events, sizeof *record, 0);
  if (!record) {
    __sync_fetch_and_add(&lost, 1);
    return;
  }
  fill(&record->event, CDMABUF_EVENT_EXPORT, ids);
  describe(&record->event, object_of(cookie), call, result);
  record->event.result = result_of(CDMABUF_EVENT_EXPORT, call, result);
  record->event.duration = record->event.time - call->time;
  record->length = 0;
  __builtin_memset(record->registers, 0, sizeof record->registers);
  read_registers(record->registers);
  u64 from = stack_pointer(record->registers);
  for (u32 position = 0; position < cdmabuf_stack_size; position += step) {
    if (bpf_probe_read_user(record->stack + position, step, (void *)(from + position))) break;
    record->length = position + step;
  }
  bpf_ringbuf_submit(record, 0);
}

/* ---- Descriptors that go to other processes. ---- */

struct message { struct file **files; };

static long report_sent(u32 index, struct message *message) {
  struct file *file = 0;
  if (bpf_probe_read_kernel(&file, sizeof file, message->files + index) || !file) return 0;
  struct dma_buf *buffer = buffer_of(file);
  if (!buffer) return 0;
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_SEND);
  if (!event) return 0;
  describe_buffer(event, buffer);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

static void report_message(const struct call *call, int result) {
  struct scm_cookie *cookie = (void *)call->arguments[2];
  struct scm_fp_list *list = BPF_CORE_READ(cookie, fp);
  if (result || !list) return;
  struct message message = {.files = list->fp};
  short count = BPF_CORE_READ(list, count);
  if (count > 0) bpf_loop(count < most_files ? count : most_files, report_sent, &message, 0);
}

/* How the current thread got a new descriptor. */
static u32 origin_of_descriptor(void) {
  if (current_call(cdmabuf_receive_call)) return CDMABUF_EVENT_RECEIVE;
  return system_call() == pidfd_getfd ? CDMABUF_EVENT_TAKE : CDMABUF_EVENT_FD;
}

struct table {
  struct file **files;
  u32 kind;
  int pid;
  int parent;
  struct task_struct *task;
};

static long report_kept(u32 index, struct table *table) {
  struct file *file = 0;
  if (bpf_probe_read_kernel(&file, sizeof file, table->files + index) || !file) return 0;
  struct dma_buf *buffer = buffer_of(file);
  if (!buffer) return 0;
  struct cdmabuf_event *event = begin_event(table->kind);
  if (!event) return 0;
  describe_buffer(event, buffer);
  event->result = index;
  if (table->kind == CDMABUF_EVENT_INHERIT) {
    event->parent = event->pid;
    __builtin_memcpy(event->parent_command, event->command, sizeof event->command);
    event->pid = event->tid = table->pid;
    struct task_struct *task = table->task;
    BPF_CORE_READ_INTO(&event->command, task, comm);
  }
  bpf_ringbuf_submit(event, 0);
  return 0;
}

/* Reports all buffers in the table of descriptors of a task. */
static void report_table(u32 kind, struct task_struct *task, int pid) {
  struct table table = {.kind = kind, .pid = pid, .task = task};
  struct fdtable *descriptors = BPF_CORE_READ(task, files, fdt);
  u32 count = BPF_CORE_READ(descriptors, max_fds);
  table.files = BPF_CORE_READ(descriptors, fd);
  bpf_loop(count < most_descriptors ? count : most_descriptors, report_kept, &table, 0);
}

/* The number of a process in its own pid namespace, or in the initial one. */
static int number_of(struct task_struct *task) {
  struct pid *pid = BPF_CORE_READ(task, thread_pid);
  u32 level = BPF_CORE_READ(pid, level);
  return settings.namespace_inode && level < 32 ? BPF_CORE_READ(pid, numbers[level].nr) : BPF_CORE_READ(task, tgid);
}

SEC("tp_btf/sched_process_fork") int BPF_PROG(trace_fork, struct task_struct *parent, struct task_struct *child) {
  /* A thread is no process. */
  if (BPF_CORE_READ(child, tgid) == BPF_CORE_READ(parent, tgid)) return 0;
  int pid = number_of(child);
  if (settings.forks) {
    struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_FORK);
    if (event) {
      event->result = pid;
      bpf_ringbuf_submit(event, 0);
    }
  }
  if (BPF_CORE_READ(child, files) != BPF_CORE_READ(parent, files)) report_table(CDMABUF_EVENT_INHERIT, child, pid);
  return 0;
}

SEC("tp_btf/sched_process_exec") int BPF_PROG(trace_exec, struct task_struct *task) {
  report_table(CDMABUF_EVENT_KEEP, task, 0);
  return 0;
}

/* ---- Functions. ---- */

static u64 argument(void *context, int index) {
  if (bpf_core_field_exists(struct pt_regs___x86, di)) {
    struct pt_regs___x86 *registers = context;
    return index == 0 ? registers->di : index == 1 ? registers->si : index == 2 ? registers->dx : registers->cx;
  }
  return ((struct pt_regs___arm64 *)context)->regs[index];
}

static u64 return_value(void *context) {
  if (bpf_core_field_exists(struct pt_regs___x86, di)) return ((struct pt_regs___x86 *)context)->ax;
  return ((struct pt_regs___arm64 *)context)->regs[0];
}

static bool waits_in_poll(void) {
  return current_call(cdmabuf_poll_call) || current_call(cdmabuf_sync_file_call)
    || current_call(cdmabuf_syncobj_call) || current_call(cdmabuf_syncobj_timeline_call);
}

SEC("kprobe.multi") int called(void *context) {
  u64 cookie = bpf_get_attach_cookie(context);
  struct call call = {
    .time = bpf_ktime_get_ns(),
    .arguments = {argument(context, 0), argument(context, 1), argument(context, 2), argument(context, 3)},
  };
  u32 kind = kind_of(cookie), number = call_of(cookie), outer = outer_of(cookie);
  if (outer && current_call(outer)) return 0;
  if (number) {
    u64 thread = key(number);
    /* A thread cannot be in the function twice: its last return was not reported. */
    if (bpf_map_update_elem(&calls, &thread, &call, BPF_NOEXIST)) {
      bpf_map_update_elem(&calls, &thread, &call, BPF_ANY);
      __sync_fetch_and_add(&lost, 1);
    }
    return 0;
  }
  if (kind == CDMABUF_EVENT_FD) {
    if (!buffer_of((void *)call.arguments[1])) return 0;
    kind = origin_of_descriptor();
  }
  if (kind == CDMABUF_EVENT_WAITS_FOR && !waits_in_poll()) return 0;
  if (kind == CDMABUF_EVENT_POLL_END) {
    if (!current_call(cdmabuf_armed_call)) return 0;
    forget_call(cdmabuf_armed_call);
  }
  report(cookie, kind, &call, 0, false);
  return 0;
}

SEC("kretprobe.multi") int returned(void *context) {
  u64 cookie = bpf_get_attach_cookie(context);
  u32 kind = kind_of(cookie);
  struct call *found = current_call(call_of(cookie));
  if (!found) return 0;
  struct call call = *found;
  forget_call(call_of(cookie));
  u64 result = return_value(context);
  switch (kind) {
    case CDMABUF_EVENT_SEND_MESSAGE:
      report_message(&call, result);
    case CDMABUF_EVENT_RECEIVE_MESSAGE:
    case CDMABUF_EVENT_RESERVATION_WAIT:
    case CDMABUF_EVENT_EPOLL:
      return 0;
    case CDMABUF_EVENT_IOCTL:
      if (is_sync(call.arguments[1])) kind = CDMABUF_EVENT_SYNC;
      break;
    case CDMABUF_EVENT_EXPORT:
      if (settings.stacks) {
        report_with_stack(cookie, &call, result);
        return 0;
      }
  }
  report(cookie, kind, &call, result, true);
  return 0;
}

/* ---- Fences. ---- */

static void text_of(char *text, u32 size, struct trace_event_raw_dma_fence *record, u32 location) {
  bpf_probe_read_kernel_str(text, size, (char *)record + (location & 0xffff));
}

/* Adds what the thread waits in: a request on a buffer, or a wait for a reservation object. */
static void describe_wait(struct cdmabuf_event *event, const struct call *wait) {
  struct call *request = current_call(cdmabuf_ioctl_call), *reservation = current_call(cdmabuf_reservation_call);
  event->duration = event->time - wait->time;
  if (reservation) event->reservation = reservation->arguments[0];
  if (!request) return;
  describe(event, CDMABUF_OBJECT_FILE, request, 0);
  event->detail = is_sync(request->arguments[1]);
}

SEC("tp") int trace_fence(struct trace_event_raw_dma_fence *record) {
  u32 kind = kind_of(bpf_get_attach_cookie(record));
  struct call wait = {.time = bpf_ktime_get_ns()}, *begun = 0;
  if (kind == CDMABUF_EVENT_FENCE_WAIT_START) remember_call(cdmabuf_fence_wait_call, &wait);
  if (kind == CDMABUF_EVENT_FENCE_WAIT) {
    begun = current_call(cdmabuf_fence_wait_call);
    if (!begun) return 0;
    wait = *begun;
    forget_call(cdmabuf_fence_wait_call);
  }
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return 0;
  event->context = record->context;
  event->seqno = record->seqno;
  text_of(event->driver, sizeof event->driver, record, record->__data_loc_driver);
  text_of(event->timeline, sizeof event->timeline, record, record->__data_loc_timeline);
  if (kind == CDMABUF_EVENT_FENCE_WAIT_START || kind == CDMABUF_EVENT_FENCE_WAIT) describe_wait(event, &wait);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

/* The other tracepoint program of this step has no status. */
SEC("tp_btf/dma_fence_signaled") int BPF_PROG(trace_fence_failed, struct dma_fence *fence) {
  int error = BPF_CORE_READ(fence, error);
  if (!error) return 0;
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_FENCE_FAILED);
  if (!event) return 0;
  describe_fence(event, fence);
  event->result = error;
  bpf_ringbuf_submit(event, 0);
  return 0;
}

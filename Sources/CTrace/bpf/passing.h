/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Descriptors that go to other processes: in messages, by pidfd_getfd(2), fork(2) and execve(2). */
#ifndef CDMABUF_PASSING_H
#define CDMABUF_PASSING_H

#include "event.h"

struct message { struct file **files; };

static long report_sent(u32 index, struct message *message) {
  struct file *file = 0;
  if (bpf_probe_read_kernel(&file, sizeof file, message->files + index) || !file) return 0;
  struct dma_buf *buffer = buffer_of(file);
  if (!buffer) return 0;
  struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_SEND);
  if (!event) return 0;
  describe_buffer(event, buffer);
  bpf_ringbuf_submit(event, wake_up());
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
  return system_call() == pidfd_getfd ? CDMABUF_EVENT_DUPLICATE : CDMABUF_EVENT_FD;
}

struct table {
  struct file **files;
  u32 kind;
  int pid;
  int parent;
  struct task_struct *task;
};

static long report_retained(u32 index, struct table *table) {
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
  bpf_ringbuf_submit(event, wake_up());
  return 0;
}

/* Reports all buffers in the table of descriptors of a task. */
static void report_table(u32 kind, struct task_struct *task, int pid) {
  struct table table = {.kind = kind, .pid = pid, .task = task};
  struct fdtable *descriptors = BPF_CORE_READ(task, files, fdt);
  u32 count = BPF_CORE_READ(descriptors, max_fds);
  table.files = BPF_CORE_READ(descriptors, fd);
  bpf_loop(count < most_descriptors ? count : most_descriptors, report_retained, &table, 0);
}

/* The number of a process for the tracer; -1 outside of its pid namespace. */
static int number_of(struct task_struct *task) {
  if (!settings.namespace_inode) return BPF_CORE_READ(task, tgid);
  struct pid *pid = BPF_CORE_READ(task, thread_pid);
  u32 level = BPF_CORE_READ(pid, level);
  if (BPF_CORE_READ(pid, numbers[level].ns, ns.inum) != settings.namespace_inode) return -1;
  return BPF_CORE_READ(pid, numbers[level].nr);
}

SEC("tp_btf/sched_process_fork") int BPF_PROG(trace_fork, struct task_struct *parent, struct task_struct *child) {
  /* A thread is no process. */
  if (BPF_CORE_READ(child, tgid) == BPF_CORE_READ(parent, tgid)) return 0;
  int pid = number_of(child);
  if (settings.forks) {
    struct cdmabuf_event *event = begin_event(CDMABUF_EVENT_FORK);
    if (event) {
      event->result = pid;
      bpf_ringbuf_submit(event, wake_up());
    }
  }
  if (BPF_CORE_READ(child, files) != BPF_CORE_READ(parent, files)) report_table(CDMABUF_EVENT_INHERIT, child, pid);
  return 0;
}

SEC("tp_btf/sched_process_exec") int BPF_PROG(trace_exec, struct task_struct *task) {
  report_table(CDMABUF_EVENT_RETAIN, task, 0);
  return 0;
}

#endif

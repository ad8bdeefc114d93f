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

#include "event.h"
#include "passing.h"
#include "stacks.h"

char licence[] SEC("license") = "Dual MIT/GPL";

/* ---- Functions. ---- */

/* Copies registers, because the compiler would join the branches of a direct access to what the verifier refuses. */
static void read_arguments(u64 *arguments, void *context) {
  if (bpf_core_field_exists(struct pt_regs___x86, di)) {
    struct pt_regs___x86 *registers = context;
    arguments[0] = BPF_CORE_READ(registers, di);
    arguments[1] = BPF_CORE_READ(registers, si);
    arguments[2] = BPF_CORE_READ(registers, dx);
    arguments[3] = BPF_CORE_READ(registers, cx);
  } else {
    struct pt_regs___arm64 *registers = context;
    arguments[0] = BPF_CORE_READ(registers, regs[0]);
    arguments[1] = BPF_CORE_READ(registers, regs[1]);
    arguments[2] = BPF_CORE_READ(registers, regs[2]);
    arguments[3] = BPF_CORE_READ(registers, regs[3]);
  }
}

static u64 return_value(void *context) {
  if (bpf_core_field_exists(struct pt_regs___x86, di)) return BPF_CORE_READ((struct pt_regs___x86 *)context, ax);
  return BPF_CORE_READ((struct pt_regs___arm64 *)context, regs[0]);
}

static bool waits_in_poll(void) {
  return current_call(cdmabuf_poll_call) || current_call(cdmabuf_sync_file_call)
    || current_call(cdmabuf_syncobj_call) || current_call(cdmabuf_syncobj_timeline_call);
}

SEC("kprobe.multi") int called(void *context) {
  u64 cookie = bpf_get_attach_cookie(context);
  struct call call = {.time = bpf_ktime_get_ns()};
  u32 kind = kind_of(cookie), number = call_of(cookie), outer = outer_of(cookie);
  if (outer && current_call(outer)) return 0;
  read_arguments(call.arguments, context);
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

/* The two tracepoints that have the names of the fence. The others, without names, cost a tenth to detach. */
static int report_named(u32 kind, struct trace_event_raw_dma_fence *record, const struct call *wait) {
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return 0;
  event->context = record->context;
  event->seqno = record->seqno;
  text_of(event->driver, sizeof event->driver, record, record->__data_loc_driver);
  text_of(event->timeline, sizeof event->timeline, record, record->__data_loc_timeline);
  if (wait) describe_wait(event, wait);
  bpf_ringbuf_submit(event, wake_up());
  return 0;
}

SEC("tp/dma_fence/dma_fence_init") int trace_fence_init(struct trace_event_raw_dma_fence *record) {
  return report_named(CDMABUF_EVENT_FENCE_INIT, record, 0);
}

SEC("tp/dma_fence/dma_fence_wait_start") int trace_wait_start(struct trace_event_raw_dma_fence *record) {
  struct call wait = {.time = bpf_ktime_get_ns()};
  remember_call(cdmabuf_fence_wait_call, &wait);
  return report_named(CDMABUF_EVENT_FENCE_WAIT_START, record, &wait);
}

static int report_fence(u32 kind, struct dma_fence *fence) {
  struct call wait, *begun = 0;
  if (kind == CDMABUF_EVENT_FENCE_WAIT) {
    begun = current_call(cdmabuf_fence_wait_call);
    if (!begun) return 0;
    wait = *begun;
    forget_call(cdmabuf_fence_wait_call);
  }
  struct cdmabuf_event *event = begin_event(kind);
  if (!event) return 0;
  describe_fence(event, fence);
  if (kind == CDMABUF_EVENT_FENCE_SIGNALED) event->result = BPF_CORE_READ(fence, error);
  if (begun) describe_wait(event, &wait);
  bpf_ringbuf_submit(event, wake_up());
  return 0;
}

SEC("tp_btf/dma_fence_emit") int BPF_PROG(trace_fence_emit, struct dma_fence *fence) {
  return report_fence(CDMABUF_EVENT_FENCE_EMIT, fence);
}

SEC("tp_btf/dma_fence_enable_signal") int BPF_PROG(trace_fence_enable, struct dma_fence *fence) {
  return report_fence(CDMABUF_EVENT_FENCE_ENABLE, fence);
}

SEC("tp_btf/dma_fence_signaled") int BPF_PROG(trace_fence_signaled, struct dma_fence *fence) {
  return report_fence(CDMABUF_EVENT_FENCE_SIGNALED, fence);
}

SEC("tp_btf/dma_fence_destroy") int BPF_PROG(trace_fence_destroy, struct dma_fence *fence) {
  return report_fence(CDMABUF_EVENT_FENCE_DESTROY, fence);
}

SEC("tp_btf/dma_fence_wait_end") int BPF_PROG(trace_wait_end, struct dma_fence *fence) {
  return report_fence(CDMABUF_EVENT_FENCE_WAIT, fence);
}

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Exports with the stack of the user. */
#ifndef CDMABUF_STACKS_H
#define CDMABUF_STACKS_H

#include "event.h"

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
    bpf_core_read(registers, sizeof from->regs, &from->regs);
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
  bpf_ringbuf_submit(record, wake_up());
}

#endif

/* SPDX-License-Identifier: MIT */
/* The compiled BPF program of traces, and the events that it writes. */
#ifndef CTRACE_H
#define CTRACE_H

#include "trace_event.h"

#include <stddef.h>

/* The compiled program of bpf/trace.bpf.c, for libbpf. */
extern const void *const cdmabuf_trace_object;
extern const size_t cdmabuf_trace_object_size;

#endif

/* SPDX-License-Identifier: MIT */
/* The compiled BPF program of the census, and the records that it writes. */
#ifndef CCENSUS_H
#define CCENSUS_H

#include "census_record.h"

#include <stddef.h>

/* The compiled program of bpf/census.bpf.c, for libbpf. */
extern const void *const cdmabuf_census_object;
extern const size_t cdmabuf_census_object_size;

#endif

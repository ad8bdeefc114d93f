/* SPDX-License-Identifier: MIT */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* Prints none of libbpf's messages. In C, because the type of a print function has a va_list, with which the Swift
   compiler for arm64 crashes. */
static inline void clibbpf_print_nothing(void) { libbpf_set_print(NULL); }

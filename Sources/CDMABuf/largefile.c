/* SPDX-License-Identifier: MIT */
/*
 * The kernel's O_LARGEFILE, which differs between architectures. In C for the macro, and in a file of its own, because
 * the C library defines the macro as 0 on 64-bit machines.
 */
#include <asm/fcntl.h>

const int CDMABUF_O_LARGEFILE = O_LARGEFILE;

/* SPDX-License-Identifier: MIT */
/* The least a program can do: what starting a process costs. */
#include <unistd.h>

int main(void) { return write(1, "hello\n", 6) == 6 ? 0 : 1; }

/* SPDX-License-Identifier: MIT */
/*
 * Where each process of this executable starts. In C, because where /proc is not mounted, Swift has no list of arguments,
 * and its runtime has to be told something before it starts.
 */
#include "CVersion.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* DMABufHolding/Holder.swift and DMABufTool/Tool.swift */
bool dmabuf_is_holder(int argc, char **argv);
int dmabuf_hold(int argc, char **argv);
int dmabuf_tool(int argc, char **argv);

int main(int argc, char **argv) {
  /* A version that cannot be written is the tool's to explain. */
  if (argc == 2 && strcmp(argv[1], "--version") == 0 && cversion_print()) return 0;
  if (dmabuf_is_holder(argc, argv)) return dmabuf_hold(argc, argv);
  return dmabuf_tool(argc, argv);
}

/* Without /proc Swift's runtime does not find its own path, and aborts before main unless it is told one. It looks from
   a constructor of its own, so this is another, with a priority that makes it the first. */
__attribute__((constructor(101))) static void tell_root(void) {
  if (access("/proc/self/exe", F_OK) != 0) setenv("SWIFT_ROOT", "/", 0);
}

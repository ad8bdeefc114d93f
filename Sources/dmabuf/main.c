/* SPDX-License-Identifier: MIT */
/*
 * The entry point of every process of this executable. In C, because without /proc Swift has no list of arguments,
 * and its runtime needs an environment variable before it starts.
 */
#include "CVersion.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `make build` writes commit.h (scripts/commit). Another build does not read it, because it may be old. `git archive`
   replaces the text between the dollars. Here and not in CVersion, so that a commit compiles only this file. */
#if defined(DMABUF_COMMIT) && __has_include("commit.h")
#include "commit.h"
#else
#define COMMIT "$Format:%H$"
#endif

/* DMABufHolding/Holder.swift and DMABufTool/Tool.swift */
bool dmabuf_is_holder(int argc, char **argv);
int dmabuf_hold(int argc, char **argv);
int dmabuf_tool(int argc, char **argv);

int main(int argc, char **argv) {
  if (COMMIT[0] != '$') cversion_set_commit(COMMIT);
  /* If the version cannot be written, the tool reports the error. */
  if (argc == 2 && strcmp(argv[1], "--version") == 0 && cversion_print()) return 0;
  if (dmabuf_is_holder(argc, argv)) return dmabuf_hold(argc, argv);
  return dmabuf_tool(argc, argv);
}

/* Without /proc Swift's runtime does not find its own path, and aborts before main unless SWIFT_ROOT is set. The
   runtime does so in a constructor. This constructor has a priority that runs it first. */
__attribute__((constructor(101))) static void tell_root(void) {
  if (access("/proc/self/exe", F_OK) != 0) setenv("SWIFT_ROOT", "/", 0);
}

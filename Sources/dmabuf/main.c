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

/* The start files of a static executable register its frame information. From GCC 13 on, libgcc then reads all of it: a
   megabyte and a half, in each process. `make build` links with `--wrap`, so that this comes here. The program
   header PT_GNU_EH_FRAME leads to the information, too. */
void __wrap___register_frame_info(const void *begin, void *object);
void *__wrap___deregister_frame_info(const void *begin);

void __wrap___register_frame_info(const void *begin, void *object) { (void)begin, (void)object; }
void *__wrap___deregister_frame_info(const void *begin) { (void)begin; return NULL; }

/* Without /proc Swift's runtime does not find its own path, and aborts before main unless SWIFT_ROOT is set. The
   runtime does so in a constructor. This constructor has a priority that runs it first. */
__attribute__((constructor(101))) static void tell_root(void) {
  if (access("/proc/self/exe", F_OK) != 0) setenv("SWIFT_ROOT", "/", 0);
}

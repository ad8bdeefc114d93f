/*
 * Before anything of Swift's runs. Where /proc is not mounted the runtime aborts for want of its own
 * path, which SWIFT_ROOT spares it, and has no arguments, which are kept here.
 */
#define _GNU_SOURCE
#include "CStart.h"

#include <stdlib.h>
#include <unistd.h>

static char **arguments;

__attribute__((constructor(101))) static void start(int count, char **values) {
  (void)count;
  arguments = values;
  if (access("/proc/self/exe", F_OK) != 0) setenv("SWIFT_ROOT", "/", 0);
}

char *const *cstart_arguments(void) { return arguments; }

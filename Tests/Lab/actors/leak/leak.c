/* SPDX-License-Identifier: MIT */
/*
 * Exports buffers of 64K from known functions, for stacks: leak VERB NUMBER ...
 * They are of the system heap, or of udmabuf where there is no heap. Buffers that are not released are kept until a
 * signal ends the process.
 *
 * No function is inlined, cloned, or left by a jump: each appears in the stack of an export.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define VISIBLE __attribute__((noipa))

enum { size = 65536 };

static int heap;
static int udmabuf;
static int count;

static void fail(const char *call) {
  fprintf(stderr, "leak: %s: %s\n", call, strerror(errno));
  exit(1);
}

VISIBLE int allocate_buffer(void) {
  if (heap >= 0) {
    struct dma_heap_allocation_data data = {.len = size, .fd_flags = O_RDWR | O_CLOEXEC};
    if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0) fail("DMA_HEAP_IOCTL_ALLOC");
    return (int)data.fd;
  }
  int memory = memfd_create("leak", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0 || ftruncate(memory, size) < 0 || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) < 0) fail("memfd_create");
  struct udmabuf_create data = {.memfd = (unsigned)memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size};
  int buffer = ioctl(udmabuf, UDMABUF_CREATE, &data);
  if (buffer < 0) fail("UDMABUF_CREATE");
  close(memory);
  return buffer;
}

/* Registers that the caller owns are saved, and the stack moves in the middle of the function. */
VISIBLE void leak_camera_buffer(const char *text) {
  char copy[64];
  snprintf(copy, sizeof copy, "%s", text);
  int length = (int)strlen(copy);
  int first = allocate_buffer();
  if (first < 0 || length < 0) printf("%s %d\n", copy, length);
}

VISIBLE void leak_plainly(void) {
  for (int i = 0; i < count; i++) leak_camera_buffer("camera");
}

/* The size of the frame is known only when the function runs, so the frame has a base register. */
VISIBLE void leak_from_variable_frame(int length) {
  char *memory = alloca((size_t)length);
  memset(memory, 1, (size_t)length);
  for (int i = 0; i < count; i++) leak_camera_buffer("variable");
  if (memory[length / 2] != 1) puts("changed");
}

VISIBLE void leak_below_large_frame(void) {
  volatile char memory[20000];
  memory[0] = memory[sizeof memory - 1] = 1;
  leak_plainly();
  if (!memory[0]) puts("changed");
}

VISIBLE int leak_deeply(int depth) {
  if (depth > 0) return leak_deeply(depth - 1) + 1;
  leak_plainly();
  return 0;
}

VISIBLE void *leak_in_thread(void *unused) {
  leak_plainly();
  return unused;
}

VISIBLE void leak_in_handler(int signal) {
  leak_plainly();
  if (signal < 0) puts("changed");
}

VISIBLE void use_briefly(void) {
  for (int i = 0; i < count; i++) close(allocate_buffer());
}

int main(int argc, char **argv) {
  heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
  udmabuf = heap < 0 ? open("/dev/udmabuf", O_RDWR | O_CLOEXEC) : -1;
  if (heap < 0 && udmabuf < 0) fail("/dev/udmabuf");
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *verb = argv[i];
    count = atoi(argv[i + 1]);
    if (!strcmp(verb, "plain")) leak_plainly();
    else if (!strcmp(verb, "variable")) leak_from_variable_frame(1000 + argc);
    else if (!strcmp(verb, "large")) leak_below_large_frame();
    else if (!strcmp(verb, "brief")) use_briefly();
    else if (!strcmp(verb, "sleep")) sleep((unsigned)count);
    else if (!strcmp(verb, "deep")) {
      int depth = count;
      count = 1;
      leak_deeply(depth);
    } else if (!strcmp(verb, "thread")) {
      pthread_t thread;
      pthread_create(&thread, NULL, leak_in_thread, NULL);
      pthread_join(thread, NULL);
    } else if (!strcmp(verb, "signal")) {
      signal(SIGUSR1, leak_in_handler);
      raise(SIGUSR1);
    } else {
      fprintf(stderr, "leak: no verb %s\n", verb);
      return 64;
    }
  }
  puts("ready");
  fflush(stdout);
  pause();
  return 0;
}

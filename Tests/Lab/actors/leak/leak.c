/* SPDX-License-Identifier: MIT */
/*
 * Exports buffers of the system heap from known functions, for stacks: leak VERB [ARGUMENT] ...
 * Buffers that are not released are kept until a signal ends the process.
 *
 * No function is inlined, cloned, or left by a jump: each appears in the stack of an export.
 */
#include <alloca.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define VISIBLE __attribute__((noipa))

static int heap;
static int count;

VISIBLE int allocate_buffer(void) {
  struct dma_heap_allocation_data data = {.len = 65536, .fd_flags = O_RDWR | O_CLOEXEC};
  int result = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data);
  if (result < 0) {
    perror("leak: DMA_HEAP_IOCTL_ALLOC");
    exit(1);
  }
  return (int)data.fd;
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
VISIBLE void leak_from_variable_frame(int size) {
  char *memory = alloca((size_t)size);
  memset(memory, 1, (size_t)size);
  for (int i = 0; i < count; i++) leak_camera_buffer("variable");
  if (memory[size / 2] != 1) puts("changed");
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
  if (heap < 0) {
    perror("leak: /dev/dma_heap/system");
    return 1;
  }
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

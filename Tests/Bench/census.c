/* SPDX-License-Identifier: MIT */
/* The census of `dmabuf stat` in C: the same system calls on the same files, with THREADS threads.

   census THREADS */
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { dma_buf_magic = 0x444d4142 };

struct descriptor {
  int pid, number;
  dev_t device;
  ino_t inode;
};

struct mapping {
  int pid;
  unsigned long start, end;
};

struct walk {
  struct descriptor *descriptors;
  struct mapping *mappings;
  size_t descriptor_count, mapping_count, seen, refused;
  char names[32 << 10] __attribute__((aligned(8)));
  char text[64 << 10];
};

static int *pids;
static int pid_count;
static atomic_int next;

/* Grows an array by one entry. Its capacity doubles. */
static void *grown(void *array, size_t count, size_t size) {
  if (count && (count < 64 || count & (count - 1))) return array;
  array = realloc(array, (count < 64 ? 64 : count * 2) * size);
  if (!array) err(1, "realloc");
  return array;
}

static int read_descriptors(struct walk *walk, int pid) {
  char path[64], link[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  ssize_t filled;
  while ((filled = getdents64(directory, walk->names, sizeof walk->names)) > 0) {
    for (ssize_t at = 0; at < filled;) {
      struct dirent64 *entry = (struct dirent64 *)(walk->names + at);
      at += entry->d_reclen;
      if (entry->d_name[0] == '.') continue;
      walk->seen++;
      ssize_t length = readlinkat(directory, entry->d_name, link, sizeof link);
      if (length < 8 || memcmp(link, "/dmabuf:", 8)) continue;
      struct stat status;
      if (fstatat(directory, entry->d_name, &status, 0)) continue;
      walk->descriptors = grown(walk->descriptors, walk->descriptor_count, sizeof *walk->descriptors);
      walk->descriptors[walk->descriptor_count++] =
          (struct descriptor){pid, atoi(entry->d_name), status.st_dev, status.st_ino};
    }
  }
  close(directory);
  return filled < 0 ? -1 : 0;
}

static void find_mappings(struct walk *walk, int pid, char *lines, size_t count) {
  char *end = lines + count, *hit;
  while (lines < end && (hit = memmem(lines, (size_t)(end - lines), " /dmabuf:", 9))) {
    char *start = memrchr(lines, '\n', (size_t)(hit - lines));
    struct mapping mapping = {.pid = pid};
    if (sscanf(start ? start + 1 : lines, "%lx-%lx", &mapping.start, &mapping.end) == 2) {
      walk->mappings = grown(walk->mappings, walk->mapping_count, sizeof *walk->mappings);
      walk->mappings[walk->mapping_count++] = mapping;
    }
    lines = memchr(hit, '\n', (size_t)(end - hit));
    if (!lines++) return;
  }
}

static int read_mappings(struct walk *walk, int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  int maps = open(path, O_RDONLY | O_CLOEXEC);
  if (maps < 0) return -1;
  size_t kept = 0;
  ssize_t count;
  while ((count = read(maps, walk->text + kept, sizeof walk->text - kept)) > 0) {
    size_t filled = kept + (size_t)count;
    char *last = memrchr(walk->text, '\n', filled);
    size_t whole = last ? (size_t)(last - walk->text) + 1 : 0;
    find_mappings(walk, pid, walk->text, whole);
    kept = filled - whole;
    if (kept == sizeof walk->text) kept = 0;
    memmove(walk->text, walk->text + whole, kept);
  }
  close(maps);
  return count < 0 ? -1 : 0;
}

static void *walk(void *argument) {
  struct walk *walk = argument;
  int turn;
  while ((turn = atomic_fetch_add(&next, 1)) < pid_count) {
    if (read_descriptors(walk, pids[turn]) || read_mappings(walk, pids[turn]))
      walk->refused += errno != ENOENT && errno != ESRCH;
  }
  return NULL;
}

static void list_processes(void) {
  DIR *directory = opendir("/proc");
  if (!directory) err(1, "/proc");
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    int pid = atoi(entry->d_name);
    if (pid <= 0) continue;
    pids = grown(pids, (size_t)pid_count, sizeof *pids);
    pids[pid_count++] = pid;
  }
  closedir(directory);
}

/* Only fdinfo distinguishes a dma-buf from a file with such a name. */
static int is_dma_buf(const struct descriptor *descriptor) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", descriptor->pid, descriptor->number);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  size_t filled = 0;
  ssize_t count;
  while ((count = read(file, text + filled, sizeof text - filled)) > 0) filled += (size_t)count;
  close(file);
  return memmem(text, filled, "\nexp_name:", 10) != NULL;
}

static int is_dma_buf_mapping(const struct mapping *mapping) {
  char path[96];
  snprintf(path, sizeof path, "/proc/%d/map_files/%lx-%lx", mapping->pid, mapping->start, mapping->end);
  struct statfs information;
  return statfs(path, &information) == 0 && information.f_type == dma_buf_magic;
}

int main(int argc, char **argv) {
  int threads = argc == 2 ? atoi(argv[1]) : 0;
  if (threads < 1 || threads > 64) errx(64, "usage: census THREADS");
  list_processes();
  struct walk *walks = calloc((size_t)threads, sizeof *walks);
  if (!walks) err(1, "calloc");
  pthread_t others[64];
  for (int i = 1; i < threads; i++)
    if ((errno = pthread_create(&others[i], NULL, walk, &walks[i]))) err(1, "pthread_create");
  walk(&walks[0]);
  for (int i = 1; i < threads; i++) pthread_join(others[i], NULL);

  size_t seen = 0, candidates = 0, found = 0, refused = 0;
  for (int i = 0; i < threads; i++) {
    seen += walks[i].seen;
    refused += walks[i].refused;
    candidates += walks[i].descriptor_count + walks[i].mapping_count;
    for (size_t j = 0; j < walks[i].descriptor_count; j++) found += (size_t)is_dma_buf(&walks[i].descriptors[j]);
    for (size_t j = 0; j < walks[i].mapping_count; j++) found += (size_t)is_dma_buf_mapping(&walks[i].mappings[j]);
  }
  printf("{\"descriptors\": %zu, \"candidates\": %zu, \"found\": %zu, \"refused\": %zu}\n", seen, candidates, found,
         refused);
}

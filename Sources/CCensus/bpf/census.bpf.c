/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Iterators over the kernel's buffers, descriptors and mappings, for the census.
 *
 * Structures declare only the members that are used. libbpf locates these members in the running kernel
 * by its BTF. A member that was renamed has one structure flavour for each name.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "../include/census_record.h"

#define KERNEL __attribute__((preserve_access_index))

enum { dma_buf_magic = 0x444d4142, anon_inode_magic = 0x09041934 };

typedef struct { int counter; } KERNEL atomic_t;
typedef struct { long long counter; } KERNEL atomic64_t;
typedef struct { atomic64_t refcnt; } KERNEL file_ref_t;
typedef struct { unsigned int val; } KERNEL kuid_t;

struct super_block { unsigned long s_magic; } KERNEL;
struct timespec64 { long long tv_sec; long tv_nsec; } KERNEL;

struct inode {
  unsigned long i_ino;
  kuid_t i_uid;
  struct super_block *i_sb;
  long long i_size;
  long long i_mtime_sec; /* 6.11 */
  unsigned int i_mtime_nsec;
} KERNEL;
struct inode___before_6_6 { struct timespec64 i_mtime; } KERNEL;
struct inode___before_6_11 { struct timespec64 __i_mtime; } KERNEL;

struct qstr { const unsigned char *name; } KERNEL;
struct dentry { struct qstr d_name; } KERNEL;
struct path { struct dentry *dentry; } KERNEL;

struct file {
  struct inode *f_inode;
  struct path f_path;
  void *private_data;
  file_ref_t f_ref; /* 6.13 */
} KERNEL;
struct file___before_6_13 { atomic64_t f_count; } KERNEL;

struct dma_buf {
  unsigned long size;
  struct file *file;
  const char *exp_name;
  const char *name;
} KERNEL;

struct task_struct {
  int pid;
  int tgid;
  struct task_struct *group_leader;
  char comm[16];
} KERNEL;
struct vm_area_struct { struct file *vm_file; } KERNEL;

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } KERNEL;
struct bpf_iter__dmabuf { struct bpf_iter_meta *meta; struct dma_buf *dmabuf; } KERNEL;
struct bpf_iter__task_file { struct bpf_iter_meta *meta; struct task_struct *task; unsigned int fd; struct file *file; } KERNEL;
struct bpf_iter__task_vma { struct bpf_iter_meta *meta; struct task_struct *task; struct vm_area_struct *vma; } KERNEL;

char licence[] SEC("license") = "Dual MIT/GPL";

static unsigned long magic_of(struct file *file) { return BPF_CORE_READ(file, f_inode, i_sb, s_magic); }

/* The number of references, including that of the iterator. */
static unsigned long long references_to(struct file *file) {
  struct file___before_6_13 *old = (void *)file;
  if (bpf_core_field_exists(old->f_count)) return BPF_CORE_READ(old, f_count.counter);
  /* The counter is 0 for one reference. */
  return BPF_CORE_READ(file, f_ref.refcnt.counter) + 1;
}

static unsigned long long time_of(struct inode *inode) {
  struct inode___before_6_6 *oldest = (void *)inode;
  struct inode___before_6_11 *old = (void *)inode;
  if (bpf_core_field_exists(inode->i_mtime_sec))
    return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000ULL + BPF_CORE_READ(inode, i_mtime_nsec);
  if (bpf_core_field_exists(old->__i_mtime))
    return BPF_CORE_READ(old, __i_mtime.tv_sec) * 1000000000ULL + BPF_CORE_READ(old, __i_mtime.tv_nsec);
  return BPF_CORE_READ(oldest, i_mtime.tv_sec) * 1000000000ULL + BPF_CORE_READ(oldest, i_mtime.tv_nsec);
}

static const unsigned char *name_of(struct file *file) { return BPF_CORE_READ(file, f_path.dentry, d_name.name); }

static void describe_file(struct cdmabuf_record *record, struct file *file) {
  struct inode *inode = BPF_CORE_READ(file, f_inode);
  record->inode = BPF_CORE_READ(inode, i_ino);
  record->owner = BPF_CORE_READ(inode, i_uid.val);
  record->created = time_of(inode);
}

static void describe_buffer(struct cdmabuf_record *record, struct dma_buf *buffer) {
  const char *name = BPF_CORE_READ(buffer, name);
  record->size = BPF_CORE_READ(buffer, size);
  record->named = name != 0;
  bpf_probe_read_kernel_str(record->exporter, sizeof record->exporter, BPF_CORE_READ(buffer, exp_name));
  if (name) bpf_probe_read_kernel_str(record->name, sizeof record->name, name);
}

static void describe_task(struct cdmabuf_record *record, struct task_struct *task) {
  record->pid = BPF_CORE_READ(task, tgid);
  BPF_CORE_READ_INTO(&record->command, task, group_leader, comm);
}

SEC("iter/dmabuf") int census_buffers(struct bpf_iter__dmabuf *context) {
  struct cdmabuf_record record = {.kind = CDMABUF_RECORD_BUFFER};
  struct dma_buf *buffer = context->dmabuf;
  if (!buffer) return 0;
  struct file *file = BPF_CORE_READ(buffer, file);
  describe_file(&record, file);
  describe_buffer(&record, buffer);
  record.count = references_to(file) - 1;
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

SEC("iter/task_file") int census_descriptors(struct bpf_iter__task_file *context) {
  static const char sync_file[] = "sync_file", syncobj_file[] = "syncobj_file";
  struct cdmabuf_record record = {.fd = context->fd};
  struct task_struct *task = context->task;
  struct file *file = context->file;
  if (!task || !file) return 0;
  unsigned long magic = magic_of(file);
  if (magic == anon_inode_magic) {
    /* The name is without the prefix `anon_inode:` that /proc prints. */
    char name[sizeof syncobj_file + 1] = {0};
    bpf_probe_read_kernel_str(name, sizeof name, name_of(file));
    if (!bpf_strncmp(name, sizeof sync_file, sync_file))
      record.kind = CDMABUF_RECORD_SYNC_FILE;
    else if (!bpf_strncmp(name, sizeof syncobj_file, syncobj_file))
      record.kind = CDMABUF_RECORD_SYNCOBJ;
    else
      return 0;
    describe_task(&record, task);
  } else if (magic == dma_buf_magic) {
    record.kind = CDMABUF_RECORD_DESCRIPTOR;
    describe_task(&record, task);
    describe_file(&record, file);
    describe_buffer(&record, BPF_CORE_READ(file, private_data));
    record.count = references_to(file) - 1;
  } else {
    return 0;
  }
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

SEC("iter/task_vma") int census_mappings(struct bpf_iter__task_vma *context) {
  struct cdmabuf_record record = {.kind = CDMABUF_RECORD_MAPPING};
  struct task_struct *task = context->task;
  struct vm_area_struct *area = context->vma;
  if (!task || !area) return 0;
  /* The iterator also visits threads with their own file table. They share the leader's memory, so skip them. */
  if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid)) return 0;
  struct file *file = BPF_CORE_READ(area, vm_file);
  if (!file || magic_of(file) != dma_buf_magic) return 0;
  describe_task(&record, task);
  describe_file(&record, file);
  describe_buffer(&record, BPF_CORE_READ(file, private_data));
  record.count = references_to(file);
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

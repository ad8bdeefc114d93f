/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The members of the kernel's structures that the programs read. */
#ifndef CDMABUF_KERNEL_H
#define CDMABUF_KERNEL_H

#define KERNEL __attribute__((preserve_access_index))

typedef unsigned long long u64;
typedef unsigned int u32;

struct super_block { unsigned long s_magic; } KERNEL;
struct inode { unsigned long i_ino; struct super_block *i_sb; } KERNEL;
struct file { struct inode *f_inode; void *private_data; } KERNEL;
struct dentry { void *d_fsdata; } KERNEL;
struct fdtable { unsigned int max_fds; struct file **fd; } KERNEL;
struct files_struct { struct fdtable *fdt; } KERNEL;
struct poll_table_struct { void *_qproc; } KERNEL;
struct vm_area_struct { unsigned long vm_start; unsigned long vm_end; } KERNEL;
struct ns_common { unsigned int inum; } KERNEL;
struct pid_namespace { struct ns_common ns; } KERNEL;
/* Whole, because it is the element of an array. */
struct upid { int nr; struct pid_namespace *ns; } KERNEL;
struct pid { unsigned int level; struct upid numbers[1]; } KERNEL;
struct task_struct {
  int tgid;
  struct task_struct *group_leader;
  char comm[16];
  struct files_struct *files;
  struct pid *thread_pid;
} KERNEL;

struct scm_fp_list { short count; struct file *fp[253]; } KERNEL;
struct scm_cookie { struct scm_fp_list *fp; } KERNEL;

struct kobject { const char *name; } KERNEL;
struct device { struct kobject kobj; const char *init_name; } KERNEL;

struct dma_resv;
struct dma_buf {
  unsigned long size;
  struct file *file;
  const char *exp_name;
  const char *name;
  struct dma_resv *resv;
} KERNEL;
struct dma_buf_attach_ops { bool allow_peer2peer; } KERNEL;
struct sg_table { unsigned int nents; } KERNEL;
struct dma_buf_attachment { struct dma_buf *dmabuf; struct device *dev; } KERNEL;
struct dma_fence { u64 context; u64 seqno; int error; } KERNEL;
struct sync_file { struct dma_fence *fence; } KERNEL;

/* Of all tracepoints of fences. */
struct trace_event_raw_dma_fence {
  u32 __data_loc_driver;
  u32 __data_loc_timeline;
  u32 context;
  u32 seqno;
} KERNEL;

/* Registers, by architecture. */
struct pt_regs___x86 {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, sp;
} KERNEL;
struct pt_regs___arm64 { u64 regs[31]; u64 sp; u64 pc; int syscallno; } KERNEL;

#endif

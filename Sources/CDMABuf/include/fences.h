/* SPDX-License-Identifier: MIT */
/* sync_files, and the two drivers that create test fences. */
#ifndef CDMABUF_FENCES_H
#define CDMABUF_FENCES_H

#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <linux/types.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ioctl.h>

/* Linux 6.0 */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
  __u32 flags;
  __s32 fd;
};
struct dma_buf_import_sync_file {
  __u32 flags;
  __s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

/* Linux 6.4 */
#ifndef SYNC_IOC_SET_DEADLINE
struct sync_set_deadline {
  __u64 deadline_ns;
  __u64 pad;
};
#define SYNC_IOC_SET_DEADLINE _IOW(SYNC_IOC_MAGIC, 5, struct sync_set_deadline)
#endif

/* From drivers/dma-buf/sw_sync.c; no header has it. */
struct cdmabuf_sw_sync_create_fence {
  __u32 value;
  char name[32];
  __s32 fence;
};
#define SW_SYNC_IOC_CREATE_FENCE _IOWR('W', 0, struct cdmabuf_sw_sync_create_fence)
#define SW_SYNC_IOC_INC _IOW('W', 1, __u32)

/* From vgem_drm.h, which libdrm does not install. */
struct cdmabuf_vgem_fence_attach {
  __u32 handle;
  __u32 flags;
  __u32 out_fence;
  __u32 pad;
};
struct cdmabuf_vgem_fence_signal {
  __u32 fence;
  __u32 flags;
};
/* Linux 6.6 */
struct cdmabuf_syncobj_eventfd {
  __u32 handle;
  __u32 flags;
  __u64 point;
  __s32 fd;
  __u32 pad;
};

static const unsigned long CDMABUF_DMA_BUF_IOCTL_EXPORT_SYNC_FILE = DMA_BUF_IOCTL_EXPORT_SYNC_FILE;
static const unsigned long CDMABUF_DMA_BUF_IOCTL_IMPORT_SYNC_FILE = DMA_BUF_IOCTL_IMPORT_SYNC_FILE;
static const unsigned long CDMABUF_SYNC_IOC_MERGE = SYNC_IOC_MERGE;
static const unsigned long CDMABUF_SYNC_IOC_FILE_INFO = SYNC_IOC_FILE_INFO;
static const unsigned long CDMABUF_SYNC_IOC_SET_DEADLINE = SYNC_IOC_SET_DEADLINE;
static const unsigned long CDMABUF_SW_SYNC_IOC_CREATE_FENCE = SW_SYNC_IOC_CREATE_FENCE;
static const unsigned long CDMABUF_SW_SYNC_IOC_INC = SW_SYNC_IOC_INC;
static const unsigned long CDMABUF_DRM_IOCTL_VGEM_FENCE_ATTACH = _IOWR('d', 0x41, struct cdmabuf_vgem_fence_attach);
static const unsigned long CDMABUF_DRM_IOCTL_VGEM_FENCE_SIGNAL = _IOW('d', 0x42, struct cdmabuf_vgem_fence_signal);
static const unsigned long CDMABUF_DRM_IOCTL_SYNCOBJ_EVENTFD = _IOWR('d', 0xcf, struct cdmabuf_syncobj_eventfd);

_Static_assert(sizeof(struct dma_buf_export_sync_file) == 8, "kernel ABI");
_Static_assert(sizeof(struct dma_buf_import_sync_file) == 8, "kernel ABI");
_Static_assert(sizeof(struct sync_merge_data) == 48, "kernel ABI");
_Static_assert(sizeof(struct sync_file_info) == 56, "kernel ABI");
_Static_assert(sizeof(struct sync_fence_info) == 80, "kernel ABI");
_Static_assert(sizeof(struct sync_set_deadline) == 16, "kernel ABI");
_Static_assert(sizeof(struct cdmabuf_sw_sync_create_fence) == 40, "kernel ABI");
_Static_assert(sizeof(struct cdmabuf_vgem_fence_attach) == 16, "kernel ABI");
_Static_assert(sizeof(struct cdmabuf_syncobj_eventfd) == 24, "kernel ABI");

/* poll(2) with a timeout in nanoseconds; UINT64_MAX is no timeout. */
int cdmabuf_poll(struct pollfd *entries, size_t count, uint64_t nanoseconds);
/* An eventfd with the value 0, close-on-exec. */
int cdmabuf_eventfd(void);
/* The symbol of an errno, such as `EINVAL`; NULL when libc has none. */
const char *cdmabuf_errno_name(int error);

#endif

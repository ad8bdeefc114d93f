// SPDX-License-Identifier: MIT
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// A call that the kernel may refuse, with its name in the kernel's headers and manual pages. The Swift names are the
/// same, in the same capital letters.
public struct KernelCall: Hashable, Sendable {
  /// The name as errors print it: `open`, `UDMABUF_CREATE`, `fcntl(F_ADD_SEALS)`.
  public let name: String

  package init(_ name: String) { self.name = name }
}

extension KernelCall: CustomStringConvertible {
  /// The same as ``name``.
  public var description: String { name }
}

extension KernelCall {
  /// Whether the call is a DRM request for syncobjs.
  public var isOfSyncObjects: Bool { name.hasPrefix("DRM_IOCTL_SYNCOBJ_") }

  // MARK: dma-bufs, heaps, udmabuf and memfds

  /// `DMA_BUF_IOCTL_EXPORT_SYNC_FILE`
  public static let DMA_BUF_IOCTL_EXPORT_SYNC_FILE = KernelCall("DMA_BUF_IOCTL_EXPORT_SYNC_FILE")
  /// `DMA_BUF_IOCTL_IMPORT_SYNC_FILE`
  public static let DMA_BUF_IOCTL_IMPORT_SYNC_FILE = KernelCall("DMA_BUF_IOCTL_IMPORT_SYNC_FILE")
  /// `DMA_BUF_IOCTL_SYNC`
  public static let DMA_BUF_IOCTL_SYNC = KernelCall("DMA_BUF_IOCTL_SYNC")
  /// `DMA_BUF_SET_NAME`
  public static let DMA_BUF_SET_NAME = KernelCall("DMA_BUF_SET_NAME")
  /// `DMA_HEAP_IOCTL_ALLOC`
  public static let DMA_HEAP_IOCTL_ALLOC = KernelCall("DMA_HEAP_IOCTL_ALLOC")
  /// `fcntl(F_ADD_SEALS)`
  public static let F_ADD_SEALS = KernelCall("fcntl(F_ADD_SEALS)")
  /// `UDMABUF_CREATE`
  public static let UDMABUF_CREATE = KernelCall("UDMABUF_CREATE")
  /// `fallocate`
  public static let fallocate = KernelCall("fallocate")
  /// `ftruncate`
  public static let ftruncate = KernelCall("ftruncate")
  /// `memfd_create`
  public static let memfd_create = KernelCall("memfd_create")

  // MARK: Fences

  /// `SW_SYNC_IOC_CREATE_FENCE`
  public static let SW_SYNC_IOC_CREATE_FENCE = KernelCall("SW_SYNC_IOC_CREATE_FENCE")
  /// `SW_SYNC_IOC_INC`
  public static let SW_SYNC_IOC_INC = KernelCall("SW_SYNC_IOC_INC")
  /// `SYNC_IOC_FILE_INFO`
  public static let SYNC_IOC_FILE_INFO = KernelCall("SYNC_IOC_FILE_INFO")
  /// `SYNC_IOC_MERGE`
  public static let SYNC_IOC_MERGE = KernelCall("SYNC_IOC_MERGE")
  /// `SYNC_IOC_SET_DEADLINE`
  public static let SYNC_IOC_SET_DEADLINE = KernelCall("SYNC_IOC_SET_DEADLINE")
  /// `eventfd`
  public static let eventfd = KernelCall("eventfd")

  // MARK: DRM

  /// `DRM_IOCTL_GEM_CLOSE`
  public static let DRM_IOCTL_GEM_CLOSE = KernelCall("DRM_IOCTL_GEM_CLOSE")
  /// `DRM_IOCTL_GET_CAP`
  public static let DRM_IOCTL_GET_CAP = KernelCall("DRM_IOCTL_GET_CAP")
  /// `DRM_IOCTL_MODE_ADDFB2`
  public static let DRM_IOCTL_MODE_ADDFB2 = KernelCall("DRM_IOCTL_MODE_ADDFB2")
  /// `DRM_IOCTL_MODE_CREATE_DUMB`
  public static let DRM_IOCTL_MODE_CREATE_DUMB = KernelCall("DRM_IOCTL_MODE_CREATE_DUMB")
  /// `DRM_IOCTL_PRIME_FD_TO_HANDLE`
  public static let DRM_IOCTL_PRIME_FD_TO_HANDLE = KernelCall("DRM_IOCTL_PRIME_FD_TO_HANDLE")
  /// `DRM_IOCTL_PRIME_HANDLE_TO_FD`
  public static let DRM_IOCTL_PRIME_HANDLE_TO_FD = KernelCall("DRM_IOCTL_PRIME_HANDLE_TO_FD")
  /// `DRM_IOCTL_SYNCOBJ_CREATE`
  public static let DRM_IOCTL_SYNCOBJ_CREATE = KernelCall("DRM_IOCTL_SYNCOBJ_CREATE")
  /// `DRM_IOCTL_SYNCOBJ_EVENTFD`
  public static let DRM_IOCTL_SYNCOBJ_EVENTFD = KernelCall("DRM_IOCTL_SYNCOBJ_EVENTFD")
  /// `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE`
  public static let DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE = KernelCall("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE")
  /// `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD`
  public static let DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD = KernelCall("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD")
  /// `DRM_IOCTL_SYNCOBJ_QUERY`
  public static let DRM_IOCTL_SYNCOBJ_QUERY = KernelCall("DRM_IOCTL_SYNCOBJ_QUERY")
  /// `DRM_IOCTL_SYNCOBJ_SIGNAL`
  public static let DRM_IOCTL_SYNCOBJ_SIGNAL = KernelCall("DRM_IOCTL_SYNCOBJ_SIGNAL")
  /// `DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL`
  public static let DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL = KernelCall("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL")
  /// `DRM_IOCTL_SYNCOBJ_TRANSFER`
  public static let DRM_IOCTL_SYNCOBJ_TRANSFER = KernelCall("DRM_IOCTL_SYNCOBJ_TRANSFER")
  /// `DRM_IOCTL_VERSION`
  public static let DRM_IOCTL_VERSION = KernelCall("DRM_IOCTL_VERSION")
  /// `DRM_IOCTL_VGEM_FENCE_ATTACH`
  public static let DRM_IOCTL_VGEM_FENCE_ATTACH = KernelCall("DRM_IOCTL_VGEM_FENCE_ATTACH")
  /// `DRM_IOCTL_VGEM_FENCE_SIGNAL`
  public static let DRM_IOCTL_VGEM_FENCE_SIGNAL = KernelCall("DRM_IOCTL_VGEM_FENCE_SIGNAL")

  // MARK: V4L2

  /// `VIDIOC_STREAMOFF`
  public static let VIDIOC_STREAMOFF = KernelCall("VIDIOC_STREAMOFF")
  /// `VIDIOC_CREATE_BUFS`
  public static let VIDIOC_CREATE_BUFS = KernelCall("VIDIOC_CREATE_BUFS")
  /// `VIDIOC_DQBUF`
  public static let VIDIOC_DQBUF = KernelCall("VIDIOC_DQBUF")
  /// `VIDIOC_TRY_FMT`
  public static let VIDIOC_TRY_FMT = KernelCall("VIDIOC_TRY_FMT")
  /// `VIDIOC_ENUM_FMT`
  public static let VIDIOC_ENUM_FMT = KernelCall("VIDIOC_ENUM_FMT")
  /// `VIDIOC_EXPBUF`
  public static let VIDIOC_EXPBUF = KernelCall("VIDIOC_EXPBUF")
  /// `VIDIOC_G_FMT`
  public static let VIDIOC_G_FMT = KernelCall("VIDIOC_G_FMT")
  /// `VIDIOC_QBUF`
  public static let VIDIOC_QBUF = KernelCall("VIDIOC_QBUF")
  /// `VIDIOC_QUERYCAP`
  public static let VIDIOC_QUERYCAP = KernelCall("VIDIOC_QUERYCAP")
  /// `VIDIOC_REQBUFS`
  public static let VIDIOC_REQBUFS = KernelCall("VIDIOC_REQBUFS")
  /// `VIDIOC_STREAMON`
  public static let VIDIOC_STREAMON = KernelCall("VIDIOC_STREAMON")
  /// `VIDIOC_S_FMT`
  public static let VIDIOC_S_FMT = KernelCall("VIDIOC_S_FMT")

  // MARK: Files

  /// `fcntl(F_DUPFD_CLOEXEC)`
  public static let F_DUPFD_CLOEXEC = KernelCall("fcntl(F_DUPFD_CLOEXEC)")
  /// `close`
  public static let close = KernelCall("close")
  /// `fchmod`
  public static let fchmod = KernelCall("fchmod")
  /// `flock`
  public static let flock = KernelCall("flock")
  /// `fstat`
  public static let fstat = KernelCall("fstat")
  /// `getdents64`
  public static let getdents64 = KernelCall("getdents64")
  /// `mkdir`
  public static let mkdir = KernelCall("mkdir")
  /// `mmap`
  public static let mmap = KernelCall("mmap")
  /// `open`
  public static let open = KernelCall("open")
  /// `openat`
  public static let openat = KernelCall("openat")
  /// `pipe`
  public static let pipe = KernelCall("pipe")
  /// `read`
  public static let read = KernelCall("read")
  /// `readlink`
  public static let readlink = KernelCall("readlink")
  /// `rename`
  public static let rename = KernelCall("rename")
  /// `stat`
  public static let stat = KernelCall("stat")
  /// `write`
  public static let write = KernelCall("write")

  // MARK: Sockets

  /// `getsockopt(SO_PEERCRED)`
  public static let SO_PEERCRED = KernelCall("getsockopt(SO_PEERCRED)")
  /// `accept`
  public static let accept = KernelCall("accept")
  /// `bind`
  public static let bind = KernelCall("bind")
  /// `connect`
  public static let connect = KernelCall("connect")
  /// `listen`
  public static let listen = KernelCall("listen")
  /// `recvmsg`
  public static let recvmsg = KernelCall("recvmsg")
  /// `sendmsg`
  public static let sendmsg = KernelCall("sendmsg")
  /// `socket`
  public static let socket = KernelCall("socket")
  /// `socketpair`
  public static let socketpair = KernelCall("socketpair")

  // MARK: Processes, threads and terminals

  /// `exec`
  public static let exec = KernelCall("exec")
  /// `fork`
  public static let fork = KernelCall("fork")
  /// `pidfd_getfd`
  public static let pidfd_getfd = KernelCall("pidfd_getfd")
  /// `pidfd_open`
  public static let pidfd_open = KernelCall("pidfd_open")
  /// `epoll_wait`
  public static let epoll_wait = KernelCall("epoll_wait")
  /// `poll`
  public static let poll = KernelCall("poll")
  /// `pthread_create`
  public static let pthread_create = KernelCall("pthread_create")
  /// `sched_setaffinity`
  public static let sched_setaffinity = KernelCall("sched_setaffinity")
  /// `tcgetattr`
  public static let tcgetattr = KernelCall("tcgetattr")
  /// `tcsetattr`
  public static let tcsetattr = KernelCall("tcsetattr")
  /// `waitpid`
  public static let waitpid = KernelCall("waitpid")
  /// `nanosleep`
  public static let nanosleep = KernelCall("nanosleep")
}

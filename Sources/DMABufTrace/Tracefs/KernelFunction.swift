// SPDX-License-Identifier: MIT
internal import CDMABuf

/// A function of the kernel whose calls are events. The raw values are the names in the kernel.
enum KernelFunction: String, CaseIterable {
  case export = "dma_buf_export"
  /// Every new descriptor. The kernel leaves out those of other files.
  case fd = "fd_install"
  case get = "dma_buf_get"
  case attach = "dma_buf_dynamic_attach"
  case detach = "dma_buf_detach"
  case pin = "dma_buf_pin"
  case unpin = "dma_buf_unpin"
  case map = "dma_buf_map_attachment"
  case unmap = "dma_buf_unmap_attachment"
  case mmap = "dma_buf_mmap_internal"
  case vmap = "dma_buf_vmap"
  case vunmap = "dma_buf_vunmap"
  case revoke = "dma_buf_move_notify"
  case ioctl = "dma_buf_ioctl"
  case beginAccess = "dma_buf_begin_cpu_access"
  case endAccess = "dma_buf_end_cpu_access"
  case poll = "dma_buf_poll"
  case pollWake = "dma_buf_poll_cb"
  case put = "dma_buf_put"
  case release = "dma_buf_release"
  case addFence = "dma_resv_add_fence"
  case reservationWait = "dma_resv_wait_timeout"
  case syncFilePoll = "sync_file_poll"
  /// Since Linux 6.4.
  case deadline = "dma_fence_set_deadline"
  /// All fences signal through this function. The tracepoint has no errno.
  case signal = "dma_fence_signal_timestamp_locked"
  case syncobjWait = "drm_syncobj_wait_ioctl"
  case timelineWait = "drm_syncobj_timeline_wait_ioctl"

  /// Whether the return is an event, too: for the result or the duration.
  var hasReturn: Bool {
    switch self {
    case .fd, .detach, .unpin, .unmap, .vunmap, .revoke, .pollWake, .put, .release, .addFence, .deadline, .signal:
      false
    default: true
    }
  }

  /// The names of the function in the versions of the kernel.
  var symbols: [String] { self == .revoke ? ["dma_buf_invalidate_mappings", rawValue] : [rawValue] }

  /// The condition for a record.
  var filter: String? { self == .fd ? "magic == \(CDMABUF_SUPER_MAGIC)" : nil }

  /// Whether the function belongs to the module of DRM, which a machine without DRM does not have.
  var isOfDRM: Bool { self == .syncobjWait || self == .timelineWait }

  /// The arguments that the event of the call fetches: `NAME=EXPRESSION:TYPE`, with the names of ``RecordField``.
  ///
  /// Members that the kernel does not have are left out.
  func arguments(_ types: KernelTypes) -> [String] {
    let fetch = Fetch(types: types)
    switch self {
    case .export, .syncobjWait, .timelineWait: return []
    case .get: return ["fd=$arg1:s32"]
    case .fd:
      // Only what all files have. The condition is checked last.
      let inode = fetch.member("file.f_inode", "$arg2")
      let superblock = fetch.member("inode.i_sb", inode)
      return ["fd=$arg1:s32"] + fetch.value("ino", "inode.i_ino", inode) + fetch.value("size", "inode.i_size", inode)
        + fetch.value("magic", "super_block.s_magic", superblock)
    case .put, .vmap, .vunmap, .revoke: return fetch.buffer("$arg1")
    case .attach: return fetch.buffer("$arg1") + fetch.device("$arg2") + ["ops=$arg3:u64"]
    case .detach: return fetch.buffer("$arg1") + fetch.device(fetch.member("dma_buf_attachment.dev", "$arg2"))
    case .pin, .unpin: return fetch.attachment("$arg1")
    case .map: return fetch.attachment("$arg1") + ["dir=$arg2:u32"]
    case .unmap: return fetch.attachment("$arg1") + ["dir=$arg3:u32"]
    case .mmap:
      return fetch.buffer(fetch.member("file.private_data", "$arg1"))
        + fetch.value("start", "vm_area_struct.vm_start", "$arg2")
        + fetch.value("end", "vm_area_struct.vm_end", "$arg2")
    case .ioctl:
      return fetch.buffer(fetch.member("file.private_data", "$arg1")) + ["cmd=$arg2:u32", "flags=+u0($arg3):u64"]
    case .beginAccess, .endAccess: return fetch.buffer("$arg1") + ["dir=$arg2:u32"]
    case .poll: return fetch.buffer(fetch.member("file.private_data", "$arg1")) + fetch.queue("$arg2")
    case .pollWake: return fetch.fence("$arg1")
    case .release: return fetch.buffer(fetch.member("dentry.d_fsdata", "$arg1"))
    case .addFence: return ["resv=$arg1:u64"] + fetch.fence("$arg2") + ["usage=$arg3:u32"]
    case .reservationWait: return ["resv=$arg1:u64"]
    case .syncFilePoll:
      let file = fetch.member("file.private_data", "$arg1")
      return fetch.fence(fetch.member("sync_file.fence", file)) + fetch.queue("$arg2")
    case .deadline: return fetch.fence("$arg1") + ["deadline=$arg2:u64"]
    case .signal: return fetch.fence("$arg1") + fetch.value("error", "dma_fence.error", "$arg1", as: "s32")
    }
  }

  /// What the event of the return fetches. The second form needs Linux 6.9, where a return has the arguments, too.
  func results(_ types: KernelTypes) -> (always: [String], withArguments: [String]) {
    let fetch = Fetch(types: types)
    let result = "ret=$retval:s64"
    switch self {
    case .export, .get: return ([result] + fetch.buffer("$retval"), [])
    case .pin, .mmap, .vmap, .beginAccess, .endAccess: return (["ret=$retval:s32"], [])
    case .poll, .syncFilePoll: return (["ret=$retval:u32"], [])
    case .ioctl:
      // The name that the request has set, and flags that the kernel has just read.
      let buffer = fetch.member("file.private_data", "$arg1")
      return ([result], fetch.text("name", "dma_buf.name", buffer) + ["flags=+u0($arg3):u64"])
    case .syncobjWait, .timelineWait: return (["ret=$retval:s32"], [])
    default: return ([result], [])
    }
  }
}

/// Expressions of dynamic events for members of the kernel's structures. An expression is `nil`, and an argument is left
/// out, if the kernel does not have the member.
///
/// Corresponds to `Documentation/trace/kprobetrace.rst`.
private struct Fetch {
  let types: KernelTypes

  /// The value of a member: `+8($arg1)`.
  func member(_ path: String, _ base: String?) -> String? {
    guard let base, let offset = types.offset(of: path) else { return nil }
    return "+\(offset)(\(base))"
  }

  func value(_ name: String, _ path: String, _ base: String?, as type: String = "u64") -> [String] {
    member(path, base).map { ["\(name)=\($0):\(type)"] } ?? []
  }

  /// The text that a member points to.
  func text(_ name: String, _ path: String, _ base: String?) -> [String] {
    member(path, base).map { ["\(name)=+0(\($0)):string"] } ?? []
  }

  func buffer(_ base: String?) -> [String] {
    let inode = member("file.f_inode", member("dma_buf.file", base))
    return value("ino", "inode.i_ino", inode) + value("size", "dma_buf.size", base)
      + value("resv", "dma_buf.resv", base) + text("exp_name", "dma_buf.exp_name", base)
      + text("name", "dma_buf.name", base)
  }

  func device(_ base: String?) -> [String] {
    text("init_name", "device.init_name", base) + text("dev_name", "device.kobj.name", base)
  }

  func attachment(_ base: String) -> [String] {
    buffer(member("dma_buf_attachment.dmabuf", base)) + device(member("dma_buf_attachment.dev", base))
  }

  func fence(_ base: String?) -> [String] {
    value("context", "dma_fence.context", base) + value("seqno", "dma_fence.seqno", base)
  }

  /// The function that puts the thread into a queue. Without one, the call only asks what is ready.
  func queue(_ base: String) -> [String] {
    ["table=\(base):u64"] + value("queue", "poll_table_struct._qproc", base)
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
internal import CTrace
import DMABuf

/// The dynamic events of a function: what they fetch at its call and at its return. Arguments are written
/// `NAME=EXPRESSION:TYPE`, with the names of ``RecordField``. Members that the kernel does not have are left out.
///
/// Corresponds to `Documentation/trace/kprobetrace.rst`.
struct DynamicEvent {
  let function: TracedFunction
  private let fetch: Fetch

  init(_ function: TracedFunction, _ types: KernelTypes) {
    self.function = function
    fetch = Fetch(types: types)
  }

  /// The function that all fences signal in. It tells the errno of the fence, which the tracepoint does not.
  static let signal = TracedFunction(
    name: "dma_fence_signal_timestamp_locked", kind: CDMABUF_EVENT_FENCE_SIGNALED, object: CDMABUF_OBJECT_FENCE)

  /// Whether the events of a function can show its step. Files of messages cannot be fetched. The ends of all polls of
  /// the machine are too many.
  static func canShow(_ function: TracedFunction) -> Bool {
    ![CDMABUF_EVENT_SEND_MESSAGE, CDMABUF_EVENT_POLL_END, CDMABUF_EVENT_EPOLL].contains(function.kind)
  }

  /// The condition for a record. Most new descriptors are of other files.
  var filter: String? { function.kind == CDMABUF_EVENT_FD ? "magic == \(CDMABUF_SUPER_MAGIC)" : nil }

  /// The arguments of the call.
  var arguments: [String] { object + additions }

  private var object: [String] {
    switch function.object {
    case CDMABUF_OBJECT_BUFFER: return fetch.buffer("$arg1")
    case CDMABUF_OBJECT_BUFFER_DEVICE: return fetch.buffer("$arg1") + fetch.device("$arg2")
    case CDMABUF_OBJECT_ATTACHMENT: return fetch.attachment("$arg1")
    case CDMABUF_OBJECT_SECOND_ATTACHMENT: return fetch.attachment("$arg2")
    case CDMABUF_OBJECT_FENCE: return fetch.fence("$arg1")
    case CDMABUF_OBJECT_RESERVATION: return ["resv=$arg1:u64"]
    case CDMABUF_OBJECT_RESERVATION_FENCE: return ["resv=$arg1:u64"] + fetch.fence("$arg2")
    case CDMABUF_OBJECT_DENTRY: return fetch.buffer(fetch.member("dentry.d_fsdata", "$arg1"))
    case CDMABUF_OBJECT_FILE: return fetch.buffer(file)
    case CDMABUF_OBJECT_SYNC_FILE: return fetch.fence(fetch.member("sync_file.fence", file))
    case CDMABUF_OBJECT_DESCRIPTOR:
      // Only what all files have: the condition is checked last.
      let inode = fetch.member("file.f_inode", "$arg2")
      let superblock = fetch.member("inode.i_sb", inode)
      return ["fd=$arg1:s32"] + fetch.value("ino", "inode.i_ino", inode) + fetch.value("size", "inode.i_size", inode)
        + fetch.value("magic", "super_block.s_magic", superblock)
    default: return []
    }
  }

  private var file: String? { fetch.member("file.private_data", "$arg1") }

  private var additions: [String] {
    switch function.kind {
    case CDMABUF_EVENT_GET: return ["fd=$arg1:s32"]
    case CDMABUF_EVENT_ATTACH:
      return ["ops=$arg3:u64"] + fetch.value("peer", "dma_buf_attach_ops.allow_peer2peer", "$arg3", as: "u8")
    case CDMABUF_EVENT_MAP, CDMABUF_EVENT_BEGIN_CPU, CDMABUF_EVENT_END_CPU: return ["detail=$arg2:u32"]
    case CDMABUF_EVENT_UNMAP, CDMABUF_EVENT_ADD_FENCE: return ["detail=$arg3:u32"]
    case CDMABUF_EVENT_IOCTL: return ["detail=$arg2:u32", "flags=+u0($arg3):u64"]
    case CDMABUF_EVENT_MMAP:
      return fetch.value("start", "vm_area_struct.vm_start", "$arg2")
        + fetch.value("end", "vm_area_struct.vm_end", "$arg2")
    case CDMABUF_EVENT_POLL, CDMABUF_EVENT_SYNC_FILE_POLL:
      return ["table=$arg2:u64"] + fetch.value("queue", "poll_table_struct._qproc", "$arg2")
    case CDMABUF_EVENT_FENCE_DEADLINE: return ["deadline=$arg2:u64"]
    case CDMABUF_EVENT_FENCE_SIGNALED: return fetch.value("error", "dma_fence.error", "$arg1", as: "s32")
    default: return []
    }
  }

  /// The arguments of the return.
  var results: [String] {
    let result = "ret=$retval:s64"
    return switch function.kind {
    // Functions without a result.
    case CDMABUF_EVENT_UNMAP, CDMABUF_EVENT_VUNMAP, CDMABUF_EVENT_RECEIVE_MESSAGE: []
    case CDMABUF_EVENT_MAP: [result] + fetch.value("nents", "sg_table.nents", "$retval", as: "u32")
    default: [result] + (function.object == CDMABUF_OBJECT_RESULT ? fetch.buffer("$retval") : [])
    }
  }

  /// More arguments of the return, which need Linux 6.9: the name that a request has set, and flags that the kernel has
  /// just read.
  var lateResults: [String] {
    guard function.kind == CDMABUF_EVENT_IOCTL else { return [] }
    return fetch.text("name", "dma_buf.name", file) + ["flags=+u0($arg3):u64"]
  }
}

/// Expressions for members of the kernel's structures. An expression is `nil` if the kernel does not have the member.
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
}

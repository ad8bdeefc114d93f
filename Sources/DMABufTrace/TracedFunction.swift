// SPDX-License-Identifier: MIT
internal import CTrace
import DMABufHost

/// A function of the kernel that a trace watches.
struct TracedFunction {
  let name: String
  let kind: cdmabuf_event_kind
  /// Where the function has the buffer or fence.
  let object: cdmabuf_object
  /// Whether the event comes from the return, with result and duration.
  var returns = false
  /// The function that makes a call of this one a part of its own.
  var outer: String?
  /// The releases of Linux that have the function.
  var since = KernelVersion(5, 18)
  var until: KernelVersion?
  /// Whether the function is in a module, which may not be loaded.
  var isInModule = false

  /// The functions of a kernel of this version.
  static func all(of version: KernelVersion) -> [TracedFunction] {
    all.filter { $0.since <= version && $0.until.map { version < $0 } ?? true }
  }

  /// A function that is called by another one of the table comes after it.
  static let all: [TracedFunction] = [
    // Buffers.
    .init(name: "dma_buf_export", kind: CDMABUF_EVENT_EXPORT, object: CDMABUF_OBJECT_RESULT, returns: true),
    .init(name: "fd_install", kind: CDMABUF_EVENT_FD, object: CDMABUF_OBJECT_DESCRIPTOR),
    .init(name: "__scm_send", kind: CDMABUF_EVENT_SEND_MESSAGE, object: CDMABUF_OBJECT_MESSAGE, returns: true),
    .init(name: "scm_detach_fds", kind: CDMABUF_EVENT_RECEIVE_MESSAGE, object: CDMABUF_OBJECT_NONE, returns: true),
    .init(name: "dma_buf_get", kind: CDMABUF_EVENT_GET, object: CDMABUF_OBJECT_RESULT, returns: true),
    .init(name: "dma_buf_put", kind: CDMABUF_EVENT_PUT, object: CDMABUF_OBJECT_BUFFER),
    .init(
      name: "dma_buf_dynamic_attach", kind: CDMABUF_EVENT_ATTACH, object: CDMABUF_OBJECT_BUFFER_DEVICE,
      returns: true),
    .init(name: "dma_buf_detach", kind: CDMABUF_EVENT_DETACH, object: CDMABUF_OBJECT_SECOND_ATTACHMENT),
    .init(name: "dma_buf_pin", kind: CDMABUF_EVENT_PIN, object: CDMABUF_OBJECT_ATTACHMENT, returns: true),
    .init(name: "dma_buf_unpin", kind: CDMABUF_EVENT_UNPIN, object: CDMABUF_OBJECT_ATTACHMENT),
    .init(
      name: "dma_buf_map_attachment_unlocked", kind: CDMABUF_EVENT_MAP, object: CDMABUF_OBJECT_ATTACHMENT,
      returns: true),
    .init(
      name: "dma_buf_map_attachment", kind: CDMABUF_EVENT_MAP, object: CDMABUF_OBJECT_ATTACHMENT, returns: true,
      outer: "dma_buf_map_attachment_unlocked"),
    .init(
      name: "dma_buf_unmap_attachment_unlocked", kind: CDMABUF_EVENT_UNMAP, object: CDMABUF_OBJECT_ATTACHMENT,
      returns: true),
    .init(
      name: "dma_buf_unmap_attachment", kind: CDMABUF_EVENT_UNMAP, object: CDMABUF_OBJECT_ATTACHMENT, returns: true,
      outer: "dma_buf_unmap_attachment_unlocked"),
    .init(name: "dma_buf_mmap_internal", kind: CDMABUF_EVENT_MMAP, object: CDMABUF_OBJECT_FILE, returns: true),
    .init(
      name: "dma_buf_vmap_unlocked", kind: CDMABUF_EVENT_VMAP, object: CDMABUF_OBJECT_BUFFER, returns: true,
      since: KernelVersion(6, 2)),
    .init(
      name: "dma_buf_vmap", kind: CDMABUF_EVENT_VMAP, object: CDMABUF_OBJECT_BUFFER, returns: true,
      outer: "dma_buf_vmap_unlocked"),
    .init(
      name: "dma_buf_vunmap_unlocked", kind: CDMABUF_EVENT_VUNMAP, object: CDMABUF_OBJECT_BUFFER, returns: true,
      since: KernelVersion(6, 2)),
    .init(
      name: "dma_buf_vunmap", kind: CDMABUF_EVENT_VUNMAP, object: CDMABUF_OBJECT_BUFFER, returns: true,
      outer: "dma_buf_vunmap_unlocked"),
    .init(
      name: "dma_buf_move_notify", kind: CDMABUF_EVENT_REVOKE, object: CDMABUF_OBJECT_BUFFER,
      until: KernelVersion(7, 0)),
    .init(
      name: "dma_buf_invalidate_mappings", kind: CDMABUF_EVENT_REVOKE, object: CDMABUF_OBJECT_BUFFER,
      since: KernelVersion(7, 0)),
    .init(name: "dma_buf_ioctl", kind: CDMABUF_EVENT_IOCTL, object: CDMABUF_OBJECT_FILE, returns: true),
    .init(
      name: "dma_buf_begin_cpu_access", kind: CDMABUF_EVENT_BEGIN_CPU, object: CDMABUF_OBJECT_BUFFER, returns: true,
      outer: "dma_buf_ioctl"),
    .init(
      name: "dma_buf_end_cpu_access", kind: CDMABUF_EVENT_END_CPU, object: CDMABUF_OBJECT_BUFFER, returns: true,
      outer: "dma_buf_ioctl"),
    .init(name: "dma_buf_poll", kind: CDMABUF_EVENT_POLL, object: CDMABUF_OBJECT_FILE, returns: true),
    .init(name: "dma_buf_poll_cb", kind: CDMABUF_EVENT_POLL_WAKE, object: CDMABUF_OBJECT_FENCE),
    .init(name: "poll_freewait", kind: CDMABUF_EVENT_POLL_END, object: CDMABUF_OBJECT_NONE),
    .init(name: "do_epoll_wait", kind: CDMABUF_EVENT_EPOLL, object: CDMABUF_OBJECT_NONE, returns: true),
    .init(name: "dma_buf_release", kind: CDMABUF_EVENT_RELEASE, object: CDMABUF_OBJECT_DENTRY),
    // Fences.
    .init(name: "dma_resv_add_fence", kind: CDMABUF_EVENT_ADD_FENCE, object: CDMABUF_OBJECT_RESERVATION_FENCE),
    .init(
      name: "dma_resv_wait_timeout", kind: CDMABUF_EVENT_RESERVATION_WAIT, object: CDMABUF_OBJECT_RESERVATION,
      returns: true),
    .init(name: "dma_fence_add_callback", kind: CDMABUF_EVENT_WAITS_FOR, object: CDMABUF_OBJECT_FENCE),
    .init(
      name: "dma_fence_set_deadline", kind: CDMABUF_EVENT_FENCE_DEADLINE, object: CDMABUF_OBJECT_FENCE,
      since: KernelVersion(6, 4)),
    .init(
      name: "sync_file_poll", kind: CDMABUF_EVENT_SYNC_FILE_POLL, object: CDMABUF_OBJECT_SYNC_FILE, returns: true),
    .init(
      name: "drm_syncobj_wait_ioctl", kind: CDMABUF_EVENT_SYNCOBJ_WAIT, object: CDMABUF_OBJECT_NONE, returns: true,
      isInModule: true),
    .init(
      name: "drm_syncobj_timeline_wait_ioctl", kind: CDMABUF_EVENT_SYNCOBJ_WAIT, object: CDMABUF_OBJECT_NONE,
      returns: true, isInModule: true),
  ]

  /// What the programs know about the function.
  var cookie: UInt64 {
    func number(_ name: String?) -> UInt64 { UInt64(name.flatMap { Self.numbers[$0] } ?? 0) }
    return UInt64(kind.rawValue) | UInt64(object.rawValue) << 8 | (returns ? number(name) : 0) << 16
      | number(outer) << 24
  }

  private static let numbers: [String: UInt32] = {
    var numbers = [
      "scm_detach_fds": cdmabuf_receive_call.rawValue, "dma_resv_wait_timeout": cdmabuf_reservation_call.rawValue,
      "dma_buf_ioctl": cdmabuf_ioctl_call.rawValue, "dma_buf_poll": cdmabuf_poll_call.rawValue,
      "sync_file_poll": cdmabuf_sync_file_call.rawValue,
      "do_epoll_wait": cdmabuf_epoll_call.rawValue, "drm_syncobj_wait_ioctl": cdmabuf_syncobj_call.rawValue,
      "drm_syncobj_timeline_wait_ioctl": cdmabuf_syncobj_timeline_call.rawValue,
    ]
    var next = cdmabuf_first_free_call.rawValue
    for function in all where function.returns && numbers[function.name] == nil {
      numbers[function.name] = next
      next += 1
    }
    return numbers
  }()
}

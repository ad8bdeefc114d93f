// SPDX-License-Identifier: MIT
internal import CDMABuf
internal import CTrace
import DMABuf
import SystemPackage

/// An event as the BPF program wrote it.
struct RawEvent {
  private let event: cdmabuf_event

  private let stack: UserStack?

  init(_ event: cdmabuf_event, stack: UserStack? = nil) { (self.event, self.stack) = (event, stack) }

  /// A record of the ring buffer: an event, or an event with a stack. `nil` for a record that is too short.
  init?(_ record: UnsafeRawBufferPointer) {
    guard record.count >= MemoryLayout<cdmabuf_event>.size else { return nil }
    let event = unsafe record.loadUnaligned(as: cdmabuf_event.self)
    guard record.count >= MemoryLayout<cdmabuf_stack_event>.size else {
      self.init(event)
      return
    }
    guard let lengthAt = MemoryLayout<cdmabuf_stack_event>.offset(of: \.length),
      let registersAt = MemoryLayout<cdmabuf_stack_event>.offset(of: \.registers)
    else { return nil }
    // Swift does not import an array of this size.
    let stackAt = registersAt + 8 * Int(cdmabuf_registers)
    let length = unsafe min(
      Int(record.loadUnaligned(fromByteOffset: lengthAt, as: UInt32.self)), record.count - stackAt)
    let registers = (0..<Int(cdmabuf_registers)).map {
      unsafe record.loadUnaligned(fromByteOffset: registersAt + 8 * $0, as: UInt64.self)
    }
    let bytes = unsafe Array(record[stackAt..<stackAt + length])
    self.init(event, stack: UserStack(registers: registers, bytes: bytes))
  }

  /// The facts of the event; `nil` for a kind that this version does not know.
  var facts: TraceEvent? {
    guard let step else { return nil }
    let process = TraceEvent.Process(pid: event.pid, tid: event.tid, command: text(event.command))
    var facts = TraceEvent(step: step, time: event.time, process: process)
    facts.duration = event.duration > 0 ? event.duration : nil
    facts.buffer = buffer
    facts.device = optionalText(event.device)
    facts.fence = fence
    if event.result < 0 { facts.errno = Errno(rawValue: CInt(clamping: 0 &- event.result)) }
    facts.stack = stack
    if event.parent != 0 {
      facts.parent = TraceEvent.Process(pid: event.parent, tid: event.parent, command: text(event.parent_command))
    }
    switch step {
    case .begin where isSync, .end where isSync: facts.direction = syncDirection
    case .map:
      facts.direction = TraceEvent.Direction(rawValue: event.detail)
      facts.value = event.result > 0 ? UInt64(event.result) : nil
    case .begin, .end, .unmap: facts.direction = TraceEvent.Direction(rawValue: event.detail)
    case .attach: facts.attachment = TraceEvent.Attachment(rawValue: event.detail)
    case .fenceAdd: facts.usage = TraceEvent.Usage(rawValue: event.detail)
    case .fd, .get, .receive, .duplicate, .inherit, .retain, .poll, .fork, .fenceDeadline:
      facts.value = event.result >= 0 ? UInt64(event.result) : nil
    // The tracepoint does not tell the length.
    case .mmap: facts.value = event.result > 0 ? UInt64(event.result) : nil
    default: break
    }
    return facts
  }

  /// The address of the reservation object, which links fences with buffers; 0 if the event has none.
  var reservation: UInt64 { event.reservation }
  /// The look of a poll at its file.
  enum Look {
    /// The thread only asks what is ready.
    case now
    /// The thread waits in poll(2) or select(2) unless the file is ready.
    case poll
    /// The file is added to an epoll instance.
    case epoll
  }
  var look: Look { event.detail == 0 ? .now : event.detail == 1 ? .poll : .epoll }
  /// Whether the thread has left poll(2) or select(2).
  var isPollEnd: Bool { event.kind == CDMABUF_EVENT_POLL_END.rawValue }
  /// Whether the event only names a fence that the thread waits for in a poll or for a syncobj.
  var isPending: Bool { event.kind == CDMABUF_EVENT_WAITS_FOR.rawValue }
  /// Whether the event is the beginning of a wait for a fence.
  var isWaitStart: Bool { event.kind == CDMABUF_EVENT_FENCE_WAIT_START.rawValue }
  /// Whether the wait for a fence is in DMA_BUF_IOCTL_SYNC.
  var isWaitInSync: Bool { event.detail != 0 }
  /// The request of an ioctl.
  var request: UInt32 { event.detail }

  private var isSync: Bool { event.kind == CDMABUF_EVENT_SYNC.rawValue }

  /// The direction of the flags of DMA_BUF_IOCTL_SYNC, as drivers have it: the CPU reads what comes from the device.
  private var syncDirection: TraceEvent.Direction {
    switch CInt(bitPattern: event.detail) & (DMA_BUF_SYNC_READ | DMA_BUF_SYNC_WRITE) {
    case DMA_BUF_SYNC_READ: .fromDevice
    case DMA_BUF_SYNC_WRITE: .toDevice
    default: .both
    }
  }

  private var buffer: TraceEvent.Buffer? {
    guard event.inode != 0 else { return nil }
    return TraceEvent.Buffer(
      inode: event.inode, size: event.size, exporter: text(event.exporter), name: optionalText(event.name))
  }

  private var fence: TraceEvent.Fence? {
    guard event.context != 0 || event.seqno != 0 else { return nil }
    return TraceEvent.Fence(
      context: event.context, seqno: event.seqno, driver: optionalText(event.driver),
      timeline: optionalText(event.timeline))
  }

  private var step: TraceEvent.Step? {
    switch cdmabuf_event_kind(rawValue: event.kind) {
    case CDMABUF_EVENT_EXPORT: .export
    case CDMABUF_EVENT_FD: .fd
    case CDMABUF_EVENT_SEND: .send
    case CDMABUF_EVENT_RECEIVE: .receive
    case CDMABUF_EVENT_DUPLICATE: .duplicate
    case CDMABUF_EVENT_INHERIT: .inherit
    case CDMABUF_EVENT_RETAIN: .retain
    case CDMABUF_EVENT_GET: .get
    case CDMABUF_EVENT_ATTACH: .attach
    case CDMABUF_EVENT_DETACH: .detach
    case CDMABUF_EVENT_PIN: .pin
    case CDMABUF_EVENT_UNPIN: .unpin
    case CDMABUF_EVENT_MAP: .map
    case CDMABUF_EVENT_UNMAP: .unmap
    case CDMABUF_EVENT_MMAP: .mmap
    case CDMABUF_EVENT_VMAP: .vmap
    case CDMABUF_EVENT_VUNMAP: .vunmap
    case CDMABUF_EVENT_REVOKE: .revoke
    case CDMABUF_EVENT_BEGIN_CPU: .begin
    case CDMABUF_EVENT_END_CPU: .end
    case CDMABUF_EVENT_IOCTL: .ioctl
    case CDMABUF_EVENT_SYNC: UInt64(event.detail) & UInt64(DMA_BUF_SYNC_END) != 0 ? .end : .begin
    case CDMABUF_EVENT_POLL, CDMABUF_EVENT_POLL_END, CDMABUF_EVENT_SYNC_FILE_POLL: .poll
    case CDMABUF_EVENT_POLL_WAKE: .wake
    case CDMABUF_EVENT_PUT: .put
    case CDMABUF_EVENT_RELEASE: .release
    case CDMABUF_EVENT_ADD_FENCE: .fenceAdd
    case CDMABUF_EVENT_FENCE_INIT: .fenceInit
    case CDMABUF_EVENT_FENCE_EMIT: .fenceEmit
    case CDMABUF_EVENT_FENCE_ENABLE: .fenceEnable
    case CDMABUF_EVENT_FENCE_SIGNALED: .fenceSignal
    case CDMABUF_EVENT_FENCE_DESTROY: .fenceDestroy
    case CDMABUF_EVENT_FENCE_DEADLINE: .fenceDeadline
    case CDMABUF_EVENT_FENCE_WAIT_START, CDMABUF_EVENT_FENCE_WAIT, CDMABUF_EVENT_WAITS_FOR: .fenceWait
    case CDMABUF_EVENT_SYNCOBJ_WAIT: .syncobjWait
    case CDMABUF_EVENT_FORK: .fork
    default: nil
    }
  }

  private func text<Characters>(_ characters: Characters) -> UntrustedText {
    unsafe withUnsafeBytes(of: characters) { unsafe UntrustedText($0.prefix { $0 != 0 }) }
  }

  private func optionalText<Characters>(_ characters: Characters) -> UntrustedText? {
    let text = text(characters)
    return text.bytes.isEmpty ? nil : text
  }
}

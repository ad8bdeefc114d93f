// SPDX-License-Identifier: MIT
internal import CDMABuf
internal import CTrace
import DMABuf
import Glibc

/// Turns records of tracefs into the events that the BPF programs write: joins calls with their returns, and threads
/// with their processes.
struct RecordDecoder {
  /// A call that has not returned yet. `event` is described as far as the call tells.
  private struct Call {
    let function: String
    var event: cdmabuf_event
    let flags: UInt64
  }

  private static let largestErrno: Int64 = 4095
  /// Buffers whose release was lost would remain for ever.
  private static let mostBuffers = 1 << 16

  private var threads: ThreadTable
  /// By thread.
  private var calls: [Int32: [Call]] = [:]
  private var waits: [Int32: UInt64] = [:]
  /// The fence that a thread is about to signal with an errno.
  private var failures: [Int32: cdmabuf_event] = [:]
  /// The threads that wait in poll(2) as far as is known, and whether they have done anything else since.
  private var polls: [Int32: Bool] = [:]
  /// The newest description of each buffer, by its inode number, for events that have only the number.
  private var buffers: [UInt64: cdmabuf_event] = [:]
  private let tracer = getpid()
  private let reportsForks: Bool
  /// The address of the function that puts a file into an epoll instance; 0 if unknown.
  private let epollQueue: UInt64
  /// Calls whose return was lost.
  private(set) var lost: UInt64 = 0

  init(threads: ThreadTable, reportsForks: Bool, epollQueue: UInt64) {
    (self.threads, self.reportsForks, self.epollQueue) = (threads, reportsForks, epollQueue)
  }

  /// Whether a thread that waited in poll(2) has done something else since. The end of a poll itself is not an event.
  func hasLeftPoll(_ thread: Int32) -> Bool { polls[thread] ?? false }

  /// Decodes a record, in the order of time. Calls `report` with the event, if the record completes one.
  mutating func decode(_ record: EventRecord, _ report: (cdmabuf_event) -> Void) {
    switch record.kind.meaning {
    case .call(let function): call(function, record, report)
    case .result(let function): result(of: function, record, report)
    case .fence(let kind): fence(kind, record, report)
    case .buffer(let kind):
      var event = described(record)
      event.result = Int64(bitPattern: record.number(.fd) ?? 0)
      finish(event, kind, record, report)
    case .newTask: newTask(record, report)
    case .rename: threads.rename(Int32(truncatingIfNeeded: record.number(.pid) ?? 0), record.text(.newName))
    case .exit:
      threads.end(record.thread, time: record.time)
      calls[record.thread] = nil
      waits[record.thread] = nil
      failures[record.thread] = nil
      if polls[record.thread] != nil { polls[record.thread] = true }
    }
  }

  private mutating func newTask(_ record: EventRecord, _ report: (cdmabuf_event) -> Void) {
    let thread = Int32(truncatingIfNeeded: record.number(.pid) ?? 0)
    let isProcess = threads.add(
      thread, by: record.thread, name: record.text(.comm), flags: record.number(.cloneFlags) ?? 0, time: record.time)
    calls[thread] = nil
    waits[thread] = nil
    polls[thread] = nil
    guard isProcess, reportsForks else { return }
    var event = described(record)
    event.result = Int64(thread)
    finish(event, CDMABUF_EVENT_FORK, record, report)
  }

  // MARK: Fences

  private mutating func fence(
    _ kind: cdmabuf_event_kind, _ record: EventRecord, _ report: (cdmabuf_event) -> Void
  ) {
    var event = described(record)
    if kind == CDMABUF_EVENT_FENCE_SIGNALED, let failure = failures.removeValue(forKey: event.tid),
      failure.context & 0xffff_ffff == event.context, failure.seqno & 0xffff_ffff == event.seqno
    {
      event.result = failure.result
    }
    if kind == CDMABUF_EVENT_FENCE_WAIT_START || kind == CDMABUF_EVENT_FENCE_WAIT {
      if let wait = call("dma_resv_wait_timeout", of: event.tid) { event.reservation = wait.event.reservation }
      if let request = call("dma_buf_ioctl", of: event.tid) {
        (event.inode, event.size, event.reservation) = (
          request.event.inode, request.event.size, request.event.reservation
        )
        (event.exporter, event.name) = (request.event.exporter, request.event.name)
        event.detail = Self.isSync(request.event.detail) ? 1 : 0
      }
      if kind == CDMABUF_EVENT_FENCE_WAIT_START {
        waits[event.tid] = record.time
      } else {
        guard let begun = waits.removeValue(forKey: event.tid) else { return }
        event.duration = record.time - min(begun, record.time)
      }
    }
    finish(event, kind, record, report)
  }

  // MARK: Calls

  private func call(_ function: String, of thread: Int32) -> Call? {
    calls[thread]?.first { $0.function == function }
  }

  /// DMA_BUF_IOCTL_SYNC is the begin or end of an access by a process.
  private static func isSync(_ request: UInt32) -> Bool { request & 0xff == 0 }

  private mutating func call(_ function: TracedFunction, _ record: EventRecord, _ report: (cdmabuf_event) -> Void) {
    var event = described(record)
    let thread = event.tid
    if let outer = function.outer, call(outer, of: thread) != nil { return }
    var kind = function.kind
    if function.returns {
      event.result = Int64(bitPattern: record.number(.fd) ?? 0)
      if let start = record.number(.start), let end = record.number(.end) {
        event.result = Int64(clamping: end &- start)
      }
      // A thread cannot be in the function twice: its last return was lost.
      if let index = calls[thread]?.firstIndex(where: { $0.function == function.name }) {
        calls[thread]?.remove(at: index)
        lost += 1
      }
      calls[thread, default: []].append(
        Call(function: function.name, event: event, flags: record.number(.flags) ?? 0))
      return
    }
    switch kind {
    case CDMABUF_EVENT_FD:
      event.result = Int64(bitPattern: record.number(.fd) ?? 0)
      if call("scm_detach_fds", of: thread) != nil { kind = CDMABUF_EVENT_RECEIVE }
    case CDMABUF_EVENT_WAITS_FOR:
      let waiting = ["dma_buf_poll", "sync_file_poll", "drm_syncobj_wait_ioctl", "drm_syncobj_timeline_wait_ioctl"]
      guard calls[thread]?.contains(where: { waiting.contains($0.function) }) == true else { return }
    case CDMABUF_EVENT_FENCE_DEADLINE: event.result = Int64(clamping: record.number(.deadline) ?? 0)
    case CDMABUF_EVENT_FENCE_SIGNALED:
      // The tracepoint of the signal follows.
      event.result = Int64(bitPattern: record.number(.error) ?? 0)
      failures[thread] = event.result == 0 ? nil : event
      return
    default: break
    }
    finish(event, kind, record, report)
  }

  private mutating func result(
    of function: TracedFunction, _ record: EventRecord, _ report: (cdmabuf_event) -> Void
  ) {
    let thread = record.thread
    guard let index = calls[thread]?.firstIndex(where: { $0.function == function.name }),
      let call = calls[thread]?.remove(at: index)
    else { return }
    if calls[thread]?.isEmpty ?? true { calls[thread] = nil }
    let returned = Int64(bitPattern: record.number(.result) ?? 0)
    // A pointer is negative, too.
    let refusal = returned < 0 && returned >= -Self.largestErrno ? returned : 0
    var event = call.event
    if function.object == CDMABUF_OBJECT_RESULT, refusal == 0 { event = described(record) }
    event.duration = record.time - min(call.event.time, record.time)
    event.result = Int64(Int32(truncatingIfNeeded: returned))
    var kind = function.kind
    switch kind {
    case CDMABUF_EVENT_RECEIVE_MESSAGE, CDMABUF_EVENT_RESERVATION_WAIT: return
    case CDMABUF_EVENT_EXPORT, CDMABUF_EVENT_ATTACH: event.result = refusal
    case CDMABUF_EVENT_MAP: event.result = refusal == 0 ? Int64(clamping: record.number(.segments) ?? 0) : refusal
    case CDMABUF_EVENT_GET: event.result = refusal == 0 ? call.event.result : refusal
    case CDMABUF_EVENT_MMAP: if event.result == 0 { event.result = call.event.result }
    case CDMABUF_EVENT_POLL, CDMABUF_EVENT_SYNC_FILE_POLL:
      event.result = Int64(UInt32(truncatingIfNeeded: returned))
      event.duration = 0
    case CDMABUF_EVENT_IOCTL: kind = request(call, &event, record)
    default: break
    }
    finish(event, kind, record, report)
  }

  /// Completes the event of a request on a descriptor of a buffer.
  private func request(_ call: Call, _ event: inout cdmabuf_event, _ record: EventRecord) -> cdmabuf_event_kind {
    let flags = record.number(.flags) ?? call.flags
    let all = UInt64(DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END)
    // The kernel accepts only valid flags. If these are others, they could not be read.
    let areValid = flags & ~all == 0 && flags & UInt64(DMA_BUF_SYNC_RW) != 0
    if Self.isSync(event.detail), areValid || event.result == -Int64(EINVAL) {
      event.detail = UInt32(truncatingIfNeeded: flags)
      return CDMABUF_EVENT_SYNC
    }
    let isName = UInt(event.detail) & 0xff == CDMABUF_DMA_BUF_SET_NAME & 0xff
    if isName, event.result == 0 { Self.copy(record.text(.name), to: &event.name) }
    return CDMABUF_EVENT_IOCTL
  }

  // MARK: Descriptions

  private mutating func finish(
    _ described: cdmabuf_event, _ kind: cdmabuf_event_kind, _ record: EventRecord, _ report: (cdmabuf_event) -> Void
  ) {
    var event = described
    event.time = record.time
    event.kind = kind.rawValue
    if event.inode != 0 { completeBuffer(of: &event) }
    switch kind {
    case CDMABUF_EVENT_POLL, CDMABUF_EVENT_SYNC_FILE_POLL:
      if event.detail == 1 { polls[event.tid] = event.result == 0 ? false : nil }
    case CDMABUF_EVENT_WAITS_FOR, CDMABUF_EVENT_POLL_WAKE, CDMABUF_EVENT_FENCE_SIGNALED:
      // Also in interrupts, which stop any thread.
      break
    default: if polls[event.tid] != nil { polls[event.tid] = true }
    }
    if event.pid != tracer { report(event) }
  }

  private mutating func completeBuffer(of event: inout cdmabuf_event) {
    if event.kind == CDMABUF_EVENT_RELEASE.rawValue {
      buffers[event.inode] = nil
    } else if event.exporter.0 != 0 {
      if buffers.count >= Self.mostBuffers { buffers.removeAll() }
      buffers[event.inode] = event
    } else if let known = buffers[event.inode] {
      (event.reservation, event.exporter, event.name) = (known.reservation, known.exporter, known.name)
    }
  }

  /// The event with what the record tells about its process, buffer, device and fence.
  private mutating func described(_ record: EventRecord) -> cdmabuf_event {
    var event = cdmabuf_event()
    event.time = record.time
    event.tid = record.thread
    let process = threads.process(of: event.tid, on: record.processor)
    event.pid = process.pid
    Self.copy(process.name[...], to: &event.command)
    event.inode = record.number(.ino) ?? 0
    event.size = record.number(.size) ?? 0
    event.reservation = record.number(.resv) ?? 0
    Self.copy(record.text(.exporter), to: &event.exporter)
    Self.copy(record.text(.name), to: &event.name)
    let initial = record.text(.initName)
    Self.copy(initial.isEmpty ? record.text(.device) : initial, to: &event.device)
    event.context = record.number(.context) ?? 0
    event.seqno = record.number(.seqno) ?? 0
    // Newer kernels report no real names of a fence that has signalled.
    let driver = record.text(.driver)
    if !driver.elementsEqual(Fence.detachedDriver.bytes) {
      Self.copy(driver, to: &event.driver)
      Self.copy(record.text(.timeline), to: &event.timeline)
    }
    event.detail = detail(of: record)
    return event
  }

  private func detail(of record: EventRecord) -> UInt32 {
    if let detail = record.number(.detail) { return UInt32(truncatingIfNeeded: detail) }
    if let operations = record.number(.ops) {
      return operations == 0 ? 0 : record.number(.peer) == 1 ? 2 : 1
    }
    guard let table = record.number(.table), table != 0, let queue = record.number(.queue), queue != 0 else {
      return 0
    }
    // A look of epoll_ctl(2) waits for nothing itself. If its function is unknown, no look counts as one of poll(2).
    return epollQueue == 0 || queue == epollQueue ? 2 : 1
  }

  /// Copies a text into an array of C, with a NUL at its end.
  private static func copy<Characters: BitwiseCopyable>(_ text: ArraySlice<UInt8>, to characters: inout Characters) {
    unsafe withUnsafeMutableBytes(of: &characters) { bytes in
      let count = min(text.count, bytes.count - 1)
      for (index, byte) in text.prefix(count).enumerated() { unsafe bytes[index] = byte }
      for index in count..<bytes.count { unsafe bytes[index] = 0 }
    }
  }
}

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
    let function: KernelFunction
    var event: cdmabuf_event
    var flags: UInt64 = 0
    var isSync = false
  }

  /// More calls inside each other are calls whose return was lost.
  private static let deepest = 16
  private static let largestErrno: Int64 = 4095

  private var threads: ThreadTable
  private var calls: [Int32: [Call]] = [:]
  private var waits: [Int32: UInt64] = [:]
  /// The newest description of each buffer, by its inode number, for events that have only the number.
  private var buffers: [UInt64: cdmabuf_event] = [:]
  private let tracer = getpid()
  private let reportsForks: Bool
  /// Calls whose return was lost.
  private(set) var lost: UInt64 = 0

  init(threads: ThreadTable, reportsForks: Bool) { (self.threads, self.reportsForks) = (threads, reportsForks) }

  /// Decodes a record, in the order of time. Calls `report` with the event, if the record completes one.
  mutating func decode(_ record: EventRecord, _ report: (cdmabuf_event) -> Void) {
    switch record.kind.meaning {
    case .call(let function): call(function, record, report)
    case .result(let function): result(of: function, record, report)
    case .fence(let kind):
      var event = described(record)
      if kind == CDMABUF_EVENT_FENCE_WAIT {
        event.duration = waits.removeValue(forKey: event.tid).map { record.time - min($0, record.time) } ?? 0
        event.reservation = calls[event.tid]?.last { $0.function == .reservationWait }?.event.reservation ?? 0
      }
      finish(event, kind, record, report)
    case .waitStart: waits[record.thread] = record.time
    case .buffer(let kind):
      var event = described(record)
      event.result = Int64(bitPattern: record.number(.fd) ?? 0)
      finish(event, kind, record, report)
    case .newTask: newTask(record, report)
    case .rename: threads.rename(Int32(truncatingIfNeeded: record.number(.pid) ?? 0), record.text(.newName))
    case .exit: threads.end(record.thread, time: record.time)
    }
  }

  private mutating func newTask(_ record: EventRecord, _ report: (cdmabuf_event) -> Void) {
    let thread = Int32(truncatingIfNeeded: record.number(.pid) ?? 0)
    let isProcess = threads.add(
      thread, by: record.thread, name: record.text(.comm), flags: record.number(.cloneFlags) ?? 0, time: record.time)
    guard isProcess, reportsForks else { return }
    var event = described(record)
    event.result = Int64(thread)
    finish(event, CDMABUF_EVENT_FORK, record, report)
  }

  // MARK: Calls

  private mutating func call(_ function: KernelFunction, _ record: EventRecord, _ report: (cdmabuf_event) -> Void) {
    var event = described(record)
    switch function {
    case .fd:
      event.result = Int64(bitPattern: record.number(.fd) ?? 0)
      finish(event, CDMABUF_EVENT_FD, record, report)
    case .detach: finish(event, CDMABUF_EVENT_DETACH, record, report)
    case .unpin: finish(event, CDMABUF_EVENT_UNPIN, record, report)
    case .unmap: finish(event, CDMABUF_EVENT_UNMAP, record, report)
    case .vunmap: finish(event, CDMABUF_EVENT_VUNMAP, record, report)
    case .revoke: finish(event, CDMABUF_EVENT_REVOKE, record, report)
    case .pollWake: finish(event, CDMABUF_EVENT_POLL_WAKE, record, report)
    case .put: finish(event, CDMABUF_EVENT_PUT, record, report)
    case .release: finish(event, CDMABUF_EVENT_RELEASE, record, report)
    case .addFence: finish(event, CDMABUF_EVENT_ADD_FENCE, record, report)
    case .deadline:
      event.result = Int64(clamping: record.number(.deadline) ?? 0)
      finish(event, CDMABUF_EVENT_FENCE_DEADLINE, record, report)
    case .signal:
      event.result = Int64(bitPattern: record.number(.error) ?? 0)
      if event.result != 0 { finish(event, CDMABUF_EVENT_FENCE_FAILED, record, report) }
    default:
      var call = Call(function: function, event: event)
      call.flags = record.number(.flags) ?? 0
      call.isSync = function == .ioctl && UInt(event.detail) == CDMABUF_DMA_BUF_IOCTL_SYNC
      call.event.result = Int64(bitPattern: record.number(.fd) ?? 0)
      if let start = record.number(.start), let end = record.number(.end) { call.event.size = end &- start }
      calls[event.tid, default: []].append(call)
      if calls[event.tid, default: []].count > Self.deepest {
        calls[event.tid]?.removeFirst()
        lost += 1
      }
    }
  }

  /// Removes the newest call of the function. Calls after it have ended, too, so their returns were lost.
  private mutating func end(_ function: KernelFunction, in thread: Int32) -> Call? {
    guard let index = calls[thread]?.lastIndex(where: { $0.function == function }), let call = calls[thread]?[index]
    else { return nil }
    lost += UInt64((calls[thread]?.count ?? 0) - index - 1)
    calls[thread]?.removeSubrange(index...)
    if calls[thread]?.isEmpty ?? true { calls[thread] = nil }
    return call
  }

  private mutating func result(
    of function: KernelFunction, _ record: EventRecord, _ report: (cdmabuf_event) -> Void
  ) {
    let result = Int64(bitPattern: record.number(.result) ?? 0)
    // A pointer is negative, too.
    let refusal = result < 0 && result >= -Self.largestErrno ? result : 0
    if function == .export {
      var event = refusal == 0 ? described(record) : identified(record)
      event.result = refusal
      return finish(event, CDMABUF_EVENT_EXPORT, record, report)
    }
    guard let call = end(function, in: record.thread) else { return }
    var event = call.event
    let duration = record.time - min(event.time, record.time)
    let isInSync = calls[record.thread]?.contains(where: \.isSync) ?? false
    let descriptor = event.result
    event.result = refusal
    switch function {
    case .get:
      if refusal == 0 { event = described(record) }
      event.result = refusal == 0 ? descriptor : refusal
      finish(event, CDMABUF_EVENT_GET, record, report)
    case .attach: finish(event, CDMABUF_EVENT_ATTACH, record, report)
    case .pin: finish(event, CDMABUF_EVENT_PIN, record, report)
    case .map:
      event.duration = duration
      finish(event, CDMABUF_EVENT_MAP, record, report)
    case .mmap: finish(event, CDMABUF_EVENT_MMAP, record, report)
    case .vmap: finish(event, CDMABUF_EVENT_VMAP, record, report)
    case .ioctl: request(call, event, duration, record, report)
    case .beginAccess where !isInSync:
      event.duration = duration
      finish(event, CDMABUF_EVENT_BEGIN_CPU, record, report)
    case .endAccess where !isInSync: finish(event, CDMABUF_EVENT_END_CPU, record, report)
    case .poll, .syncFilePoll:
      event.result = result
      finish(event, function == .poll ? CDMABUF_EVENT_POLL : CDMABUF_EVENT_SYNC_FILE_POLL, record, report)
    case .syncobjWait, .timelineWait:
      event.duration = duration
      finish(event, CDMABUF_EVENT_SYNCOBJ_WAIT, record, report)
    default: break
    }
  }

  /// A request on a descriptor of a buffer has returned.
  private mutating func request(
    _ call: Call, _ described: cdmabuf_event, _ duration: UInt64, _ record: EventRecord,
    _ report: (cdmabuf_event) -> Void
  ) {
    var event = described
    let flags = record.number(.flags) ?? call.flags
    let all = UInt64(DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END)
    // The kernel accepts only valid flags. If these are others, they could not be read.
    let areValid = flags & ~all == 0 && flags & UInt64(DMA_BUF_SYNC_RW) != 0
    if call.isSync, areValid || event.result == -Int64(EINVAL) {
      event.duration = duration
      event.detail = UInt32(truncatingIfNeeded: flags)
      return finish(event, CDMABUF_EVENT_SYNC, record, report)
    }
    let isName = UInt(event.detail) & 0xff == CDMABUF_DMA_BUF_SET_NAME & 0xff
    if isName, event.result == 0 { Self.copy(record.text(.name), to: &event.name) }
    finish(event, CDMABUF_EVENT_IOCTL, record, report)
  }

  // MARK: Descriptions

  private mutating func finish(
    _ described: cdmabuf_event, _ kind: cdmabuf_event_kind, _ record: EventRecord, _ report: (cdmabuf_event) -> Void
  ) {
    var event = described
    event.time = record.time
    event.kind = kind.rawValue
    if event.inode != 0 {
      if kind == CDMABUF_EVENT_RELEASE {
        buffers[event.inode] = nil
      } else if event.exporter.0 != 0 {
        buffers[event.inode] = event
      } else if let known = buffers[event.inode] {
        (event.reservation, event.exporter, event.name) = (known.reservation, known.exporter, known.name)
      }
    }
    if event.pid != tracer { report(event) }
  }

  private mutating func identified(_ record: EventRecord) -> cdmabuf_event {
    var event = cdmabuf_event()
    event.time = record.time
    event.tid = record.thread
    let process = threads.process(of: event.tid, on: record.processor)
    event.pid = process.pid
    Self.copy(process.name[...], to: &event.command)
    return event
  }

  /// The event with what the record tells about its process, buffer, device and fence.
  private mutating func described(_ record: EventRecord) -> cdmabuf_event {
    var event = identified(record)
    event.inode = record.number(.ino) ?? 0
    event.size = record.number(.size) ?? 0
    event.reservation = record.number(.resv) ?? 0
    Self.copy(record.text(.exporter), to: &event.exporter)
    Self.copy(record.text(.name), to: &event.name)
    let initial = record.text(.initName)
    Self.copy(initial.isEmpty ? record.text(.device) : initial, to: &event.device)
    // Tracepoints have only the lower 32 bits, and all events of a fence must name the same fence.
    event.context = (record.number(.context) ?? 0) & 0xffff_ffff
    event.seqno = (record.number(.seqno) ?? 0) & 0xffff_ffff
    // Newer kernels report no real names of a fence that has signalled.
    let driver = record.text(.driver)
    if !driver.elementsEqual(Fence.detachedDriver.bytes) {
      Self.copy(driver, to: &event.driver)
      Self.copy(record.text(.timeline), to: &event.timeline)
    }
    let detail = record.number(.direction) ?? record.number(.request) ?? record.number(.usage)
    if let detail {
      event.detail = UInt32(truncatingIfNeeded: detail)
    } else if let table = record.number(.table) {
      event.detail = table != 0 && record.number(.queue) ?? 0 != 0 ? 1 : 0
    } else if let operations = record.number(.ops) {
      event.detail = operations != 0 ? 1 : 0
    }
    return event
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

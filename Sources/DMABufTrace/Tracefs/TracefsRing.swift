// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

/// The ring buffers of a trace instance, one for each processor.
///
/// Corresponds to `tracing_buffers_fops` in `kernel/trace/trace.c`.
final class TracefsRing {
  private let instance: String
  private let page: RingPage
  private var processors: [(number: Int, file: CInt)] = []
  private var order: UInt64 = 0
  /// Records that may be newer than records of other processors that were not read yet.
  private var held: [Record] = []

  private struct Record {
    let time: UInt64
    /// The order in which the records were read.
    let order: UInt64
    let processor: Int
    let bytes: RecordBytes
  }

  /// The most pages of a processor that are read at once.
  private static let mostPages = 256

  /// Prepares the instance and opens its ring buffers. `size` is their size together in bytes.
  init(instance: String, size: Int) throws(KernelError) {
    self.instance = instance
    let header = Tracefs.directory + "/events/header_page"
    guard let page = RingPage(parsing: try Tracefs.read(header)) else {
      throw KernelError(.read, on: header, errno: .badMessage)
    }
    self.page = page
    let numbers = try Directory(instance + "/per_cpu").names()
      .compactMap { $0.hasPrefix("cpu") ? Int($0.dropFirst(3)) : nil }.sorted()
    let share = max(64, size / 1024 / max(1, numbers.count))
    try Tracefs.write("\(share)", to: instance + "/buffer_size_kb")
    try Tracefs.write("mono", to: instance + "/trace_clock")
    // A full buffer drops new events, as that of BPF does: the calls that it knows then stay complete.
    try Tracefs.write("0", to: instance + "/options/overwrite")
    // Wakes the reader at the first event. Before Linux 5.0 this is always so.
    try? Tracefs.write("0", to: instance + "/buffer_percent")
    for number in numbers {
      let path = "\(instance)/per_cpu/cpu\(number)/trace_pipe_raw"
      let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard file >= 0 else { throw KernelError(.open, on: path) }
      processors.append((number, file))
    }
  }

  deinit { for (_, file) in processors { close(file) } }

  /// The number of events that had no room. Corresponds to `per_cpu/cpuN/stats`.
  var lost: UInt64 {
    processors.reduce(0) { sum, processor in
      let bytes = (try? Tracefs.read("\(instance)/per_cpu/cpu\(processor.number)/stats")) ?? []
      return sum + Self.lost(bytes)
    }
  }

  /// Adds up the lines `overrun: N` and `dropped events: N`.
  static func lost(_ statistics: [UInt8]) -> UInt64 {
    let lines = statistics.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    return ["overrun: ", "dropped events: "].reduce(0) { sum, key in
      sum + (lines.first { $0.hasPrefix(key) }.flatMap { UInt64($0.dropFirst(key.utf8.count)) } ?? 0)
    }
  }

  /// Waits at most 100 ms for records of these events, and returns them in the order of time. A signal ends the wait
  /// early.
  func next(_ kinds: [UInt16: EventKind]) throws(KernelError) -> [EventRecord] {
    if held.isEmpty { try wait() }
    // All records until now can be read after a moment, whatever their processor is writing now.
    var end = Clock.now
    usleep(1000)
    var records = held
    for (number, file) in processors { end = min(end, try read(file, of: number, into: &records)) }
    records.sort { ($0.time, $0.order) < ($1.time, $1.order) }
    let newer = records.firstIndex { $0.time > end } ?? records.count
    held = Array(records[newer...])
    return records[..<newer].compactMap { record in
      let type = RecordLayout.Field(offset: 0, size: 2, isSigned: false, isLocation: false)
      guard let number = record.bytes.number(type), let kind = kinds[UInt16(truncatingIfNeeded: number)] else {
        return nil
      }
      return EventRecord(kind: kind, bytes: record.bytes, time: record.time, processor: record.processor)
    }
  }

  private func wait() throws(KernelError) {
    do {
      _ = try Polling.poll(
        processors.map { ($0.file, POLLIN) }, on: instance, deadline: Deadline(after: .milliseconds(100)))
    } catch  where error.errno == .interrupted {}
  }

  /// Reads the records of a processor. Returns the time up to which all were read.
  private func read(_ file: CInt, of processor: Int, into records: inout [Record]) throws(KernelError) -> UInt64 {
    var last: UInt64 = 0
    for _ in 0..<Self.mostPages {
      var bytes = [UInt8](repeating: 0, count: page.size)
      let count = unsafe Glibc.read(file, &bytes, bytes.count)
      if count < 0, errno != EAGAIN, errno != EINTR { throw KernelError(.read, on: instance) }
      guard count > 0 else { return .max }
      bytes.removeLast(bytes.count - count)
      page.forEachRecord(of: bytes) { time, range in
        order += 1
        last = time
        records.append(
          Record(time: time, order: order, processor: processor, bytes: RecordBytes(page: bytes, range: range)))
      }
    }
    return last
  }
}

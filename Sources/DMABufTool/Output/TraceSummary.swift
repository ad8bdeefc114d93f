// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// What a trace adds up to, by buffer, by process, and by driver and timeline.
struct TraceSummary {
  struct Count {
    var steps = 0
    /// The number of waits of each duration in nanoseconds, rounded to three digits: so a long trace needs no more
    /// memory than a short one.
    private(set) var waits: [UInt64: Int] = [:]
    private(set) var longest: UInt64 = 0

    mutating func add(wait: UInt64) {
      var unit: UInt64 = 1
      while wait / unit >= 1000 { unit *= 10 }
      waits[wait / unit * unit, default: 0] += 1
      longest = max(longest, wait)
    }
  }

  struct Timeline: Hashable {
    let driver: UntrustedText?
    let timeline: UntrustedText?

    init(_ fence: TraceEvent.Fence) { (driver, timeline) = (fence.driver, fence.timeline) }
  }

  /// Each buffer with its latest name.
  private(set) var buffers: [UInt64: (buffer: TraceEvent.Buffer, count: Count)] = [:]
  private(set) var processes: [TraceEvent.Process: Count] = [:]
  private(set) var timelines: [Timeline: Count] = [:]

  mutating func add(_ event: TraceEvent) {
    if let buffer = event.buffer {
      buffers[buffer.inode, default: (buffer, Count())].count.steps += 1
      buffers[buffer.inode]?.buffer = buffer
    }
    processes[Self.process(event.process), default: Count()].steps += 1
    if let fence = event.fence { timelines[Timeline(fence), default: Count()].steps += 1 }
  }

  mutating func add(_ stall: Stall) {
    if let buffer = stall.buffer { buffers[buffer.inode, default: (buffer, Count())].count.add(wait: stall.duration) }
    processes[Self.process(stall.process), default: Count()].add(wait: stall.duration)
    if let fence = stall.fence { timelines[Timeline(fence), default: Count()].add(wait: stall.duration) }
  }

  /// The process without its thread.
  private static func process(_ process: TraceEvent.Process) -> TraceEvent.Process {
    TraceEvent.Process(pid: process.pid, tid: process.pid, command: process.command)
  }
}

/// The summary as it is printed.
struct TraceSummaryReport: Report, Encodable {
  struct Row: Encodable {
    let name: String
    let steps: Int
    let waits: Int
    @Nullable var p50: UInt64?
    @Nullable var p95: UInt64?
    @Nullable var p99: UInt64?
    @Nullable var max: UInt64?

    init(_ name: String, _ count: TraceSummary.Count) {
      self.name = name
      steps = count.steps
      let all = count.waits.values.reduce(0, +)
      waits = all
      let sorted = count.waits.sorted { $0.key < $1.key }
      func percentile(_ percent: Int) -> UInt64? {
        var rest = all * percent / 100
        return sorted.first { wait in
          rest -= wait.value
          return rest < 0
        }?.key
      }
      p50 = percentile(50)
      p95 = percentile(95)
      p99 = percentile(99)
      max = all > 0 ? count.longest : nil
    }

    enum CodingKeys: String, CodingKey {
      case name, steps, waits
      case p50 = "wait_p50_ns"
      case p95 = "wait_p95_ns"
      case p99 = "wait_p99_ns"
      case max = "wait_max_ns"
    }
  }

  let schema = "dmabuf.trace-summary/1"
  let buffers: [Row]
  let processes: [Row]
  let timelines: [Row]
  let lost: UInt64

  init(_ summary: TraceSummary, lost: UInt64) {
    self.lost = lost
    let counts = Dictionary(uniqueKeysWithValues: summary.buffers.values.map { ($0.buffer, $0.count) })
    buffers = Self.rows(counts) { buffer in
      "ino:\(buffer.inode) \(Units.size(buffer.size)) \(buffer.exporter.escaped)"
        + (buffer.name.map { " \"\($0.escaped)\"" } ?? "")
    }
    processes = Self.rows(summary.processes) { Units.process($0.command, $0.pid) }
    timelines = Self.rows(summary.timelines) { "\($0.driver?.escaped ?? "?") \($0.timeline?.escaped ?? "?")" }
  }

  private static func rows<Key>(_ counts: [Key: TraceSummary.Count], _ name: (Key) -> String) -> [Row] {
    counts.map { Row(name($0.key), $0.value) }.sorted { ($1.steps, $0.name) < ($0.steps, $1.name) }
  }

  func text(style: Style) -> String {
    [
      table(.init("BUFFER"), buffers, style), table(.init("PROCESS"), processes, style),
      table(.init("TIMELINE"), timelines, style),
    ]
    .filter { !$0.isEmpty }.joined(separator: [""]).joined(separator: "\n")
  }

  private func table(_ first: Table.Column, _ rows: [Row], _ style: Style) -> [String] {
    guard !rows.isEmpty else { return [] }
    var table = Table(
      first, .init("STEPS", .right), .init("WAITS", .right), .init("P50", .right), .init("P95", .right),
      .init("P99", .right), .init("MAX", .right))
    table.rows = rows.map { row in
      [row.name, "\(row.steps)", "\(row.waits)"]
        + [row.p50, row.p95, row.p99, row.max].map { $0.map(Units.shortTime) ?? "-" }
    }
    return table.lines(style: style)
  }
}

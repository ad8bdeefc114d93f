// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// One line of a trace, as text or as a JSON document of its own.
struct TraceLine: Encodable {
  struct Process: Encodable {
    let pid: Int32
    let tid: Int32
    let comm: UntrustedText

    init(_ process: TraceEvent.Process) { (pid, tid, comm) = (process.pid, process.tid, process.command) }
  }

  struct Buffer: Encodable {
    let ino: UInt64
    let size: UInt64
    let exporter: UntrustedText
    @Nullable var name: UntrustedText?

    init(_ buffer: TraceEvent.Buffer) {
      (ino, size, exporter, name) = (buffer.inode, buffer.size, buffer.exporter, buffer.name)
    }

    enum CodingKeys: String, CodingKey {
      case ino, size, name
      case exporter = "exp_name"
    }
  }

  struct Fence: Encodable {
    @Nullable var driver: UntrustedText?
    @Nullable var timeline: UntrustedText?
    let context: UInt64
    let seqno: UInt64

    init(_ fence: TraceEvent.Fence) {
      (driver, timeline, context, seqno) = (fence.driver, fence.timeline, fence.context, fence.seqno)
    }

    /// `vgem unbound#1`.
    var text: String { "\(driver?.escaped ?? "?") \(timeline?.escaped ?? "?")#\(seqno)" }
  }

  let schema = "dmabuf.trace/1"
  /// The word of the step; `wait` for a wait that has ended.
  let step: String
  /// Nanoseconds of CLOCK_MONOTONIC at the end of the step.
  let time: UInt64
  @Nullable var duration: UInt64?
  let process: Process
  @Nullable var buffer: Buffer?
  @Nullable var device: UntrustedText?
  @Nullable var fence: Fence?
  @Nullable var direction: String?
  @Nullable var usage: String?
  @Nullable var value: UInt64?
  @Nullable var errno: String?
  /// The call that waited.
  @Nullable var call: String?
  @Nullable var creator: Process?
  @Nullable var signaller: Process?

  enum CodingKeys: String, CodingKey {
    case schema, step, process, buffer, device, fence, direction, usage, value, errno, call, creator, signaller
    case time = "time_ns"
    case duration = "duration_ns"
  }
}

extension TraceLine: Report {
  init(_ event: TraceEvent) {
    step = event.step.rawValue
    time = event.time
    process = Process(event.process)
    duration = event.duration
    buffer = event.buffer.map(Buffer.init)
    device = event.device
    fence = event.fence.map(Fence.init)
    direction = event.direction.map { Self.word(for: $0, ofCPU: event.step == .begin || event.step == .end) }
    usage = event.usage.map { "\($0)" }
    value = event.value
    errno = event.errno.map(ErrnoName.of)
  }

  init(_ stall: Stall) {
    step = "wait"
    time = stall.time
    process = Process(stall.process)
    duration = stall.duration
    buffer = stall.buffer.map(Buffer.init)
    fence = stall.fence.map(Fence.init)
    call =
      switch stall.call {
      case .sync: "SYNC START"
      case .poll: "poll"
      case .syncobj: "syncobj"
      case .driver: "driver"
      }
    creator = stall.creator.map(Process.init)
    signaller = stall.signaller.map(Process.init)
  }

  func text(style: Style) -> String { text }

  var text: String {
    let time = Units.moment(time)
    if step == "wait" { return "\(time)  \(waitInWords)" }
    let process = Units.process(process.comm, process.pid)
    return [
      time, Self.padded(process, to: 20), Self.padded(step, to: 16),
      ([bufferInWords] + details).compactMap(\.self).joined(separator: "  "),
    ].joined(separator: "  ")
  }

  private var bufferInWords: String? {
    buffer.map { buffer in
      "ino:\(buffer.ino) \(Units.size(buffer.size)) \(buffer.exporter.escaped)"
        + (buffer.name.map { " \"\($0.escaped)\"" } ?? "")
    }
  }

  private var details: [String?] {
    [
      device.map { "device \($0.escaped)" }, fence?.text, direction, usage.map { "as \($0)" }, valueInWords,
      duration.map(Units.time), errno,
    ]
  }

  private var valueInWords: String? {
    guard let value else { return nil }
    return switch step {
    case "fd", "get": "fd \(value)"
    case "mmap": Units.size(value)
    case "poll": value == 0 ? "not ready" : "ready"
    default: nil
    }
  }

  private var waitInWords: String {
    var text = "\(Units.process(process.comm, process.pid)) waited \(Units.time(duration ?? 0))"
    if let call { text += " in \(call == "driver" ? "a driver" : call)" }
    if let buffer {
      text += " on ino:\(buffer.ino) (\(Units.size(buffer.size)) \(buffer.exporter.escaped)"
      text += (buffer.name.map { " \"\($0.escaped)\"" } ?? "") + ")"
    }
    text += " for \(fence?.text ?? "an unknown fence")"
    if let creator { text += ", created by \(Units.process(creator.comm, creator.pid))" }
    if let signaller { text += ", signalled by \(Units.process(signaller.comm, signaller.pid))" }
    return text
  }

  static func word(for direction: TraceEvent.Direction, ofCPU: Bool) -> String {
    switch direction {
    case .both: ofCPU ? "read-write" : "both ways"
    case .toDevice: ofCPU ? "write" : "to device"
    case .fromDevice: ofCPU ? "read" : "from device"
    case .none: "none"
    }
  }

  private static func padded(_ text: String, to columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - text.unicodeScalars.count))
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// One line of a trace, as text or as a JSON document of its own.
struct TraceLine: Encodable {
  struct Process: Encodable {
    /// `null` for a process outside of the pid namespace.
    @Nullable var pid: Int32?
    @Nullable var tid: Int32?
    let comm: UntrustedText

    init(_ process: TraceEvent.Process) {
      comm = process.command
      pid = process.pid < 0 ? nil : process.pid
      tid = process.tid < 0 ? nil : process.tid
    }

    var text: String { Units.process(comm, pid ?? -1) }
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
  /// The time of day, if it was asked for.
  @Nullable var utc: String?
  @Nullable var duration: UInt64?
  let process: Process
  @Nullable var buffer: Buffer?
  @Nullable var device: UntrustedText?
  @Nullable var fence: Fence?
  @Nullable var direction: String?
  @Nullable var usage: String?
  @Nullable var attachment: String?
  @Nullable var value: UInt64?
  @Nullable var errno: String?
  /// The call that waited.
  @Nullable var call: String?
  /// Whether the wait has ended.
  @Nullable var ended: Bool?
  /// Whether the fence that was waited for has signalled.
  @Nullable var signalled: Bool?
  /// The process that the new one was forked from.
  @Nullable var parent: Process?
  @Nullable var creator: Process?
  @Nullable var signaller: Process?

  enum CodingKeys: String, CodingKey {
    case schema, step, process, buffer, device, fence, direction, usage, attachment, value, errno, call, ended,
      signalled, parent
    case creator, signaller
    case time = "time_ns"
    case utc = "time_utc"
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
    attachment = event.attachment.map(Self.word)
    value = event.value
    errno = event.errno.map(ErrnoName.of)
    parent = event.parent.map(Process.init)
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
    ended = stall.hasEnded
    signalled = stall.isSignalled
    creator = stall.creator.map(Process.init)
    signaller = stall.signaller.map(Process.init)
  }

  func text(style: Style) -> String { text }

  var text: String {
    let time = utc ?? Units.moment(time)
    if step == "wait" { return "\(time)  \(waitInWords)" }
    return [
      time, Self.padded(process.text, to: 20), Self.padded(step, to: 16),
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
      parent.map { "from \($0.text)" }, device.map { "device \($0.escaped)" }, fence?.text, direction,
      usage.map { "as \($0)" }, attachment, valueInWords,
      duration.map(Units.time), errno,
    ]
  }

  private var valueInWords: String? {
    guard let value else { return nil }
    return switch step {
    case "fd", "get", "receive", "duplicate", "inherit", "retain": "fd \(value)"
    case "map": Units.count(Int(clamping: value), "segment")
    case "mmap": Units.size(value)
    case "poll": value == 0 ? "not ready" : "ready"
    default: nil
    }
  }

  private var waitInWords: String {
    var text = process.text + (ended == false ? " has waited " : " waited ") + Units.time(duration ?? 0)
    if let call { text += " in \(call == "driver" ? "a driver" : call)" }
    if let buffer {
      text += " on ino:\(buffer.ino) (\(Units.size(buffer.size)) \(buffer.exporter.escaped)"
      text += (buffer.name.map { " \"\($0.escaped)\"" } ?? "") + ")"
    }
    text += " for \(fence?.text ?? "an unknown fence")"
    if let creator { text += ", created by \(creator.text)" }
    if let signaller { text += ", signalled by \(signaller.text)" }
    return text + (signalled == false ? ", not signalled" : "")
  }

  private static func word(for attachment: TraceEvent.Attachment) -> String {
    switch attachment {
    case .fixed: "static"
    case .dynamic: "dynamic"
    case .peerToPeer: "peer-to-peer"
    }
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

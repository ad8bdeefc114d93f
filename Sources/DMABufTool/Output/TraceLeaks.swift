// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// The buffers that were exported during a trace and are alive at its end, by exporting process and calls.
struct TraceLeaks: Report, Encodable {
  struct Process: Hashable, Encodable {
    let pid: Int32
    let comm: UntrustedText
  }

  struct Buffer: Encodable {
    let ino: UInt64
    let size: UInt64
    @Nullable var name: UntrustedText?
    /// Nanoseconds of CLOCK_MONOTONIC at the export.
    let time: UInt64

    enum CodingKeys: String, CodingKey {
      case ino, size, name
      case time = "time_ns"
    }
  }

  struct Frame: Encodable {
    @Nullable var symbol: UntrustedText?
    /// The distance from the symbol.
    @Nullable var offset: UInt64?
    /// The module's path.
    @Nullable var module: UntrustedText?
    let address: UInt64
    @Nullable var build: String?

    enum CodingKeys: String, CodingKey {
      case symbol, offset, module, address
      case build = "build_id"
    }
  }

  /// Buffers that the same process exported with the same calls.
  struct Leak: Encodable {
    let process: Process
    let exporter: UntrustedText
    let bytes: UInt64
    let buffers: [Buffer]
    let frames: [Frame]
    /// Why there are no more frames; `nil` if the last frame is the first function of the thread.
    @Nullable var end: String?

    enum CodingKeys: String, CodingKey {
      case process, bytes, buffers, frames, end
      case exporter = "exp_name"
    }
  }

  let schema = "dmabuf.trace-leaks/1"
  /// The length of the trace in nanoseconds.
  let duration: UInt64
  let lost: UInt64
  /// Whether each of these buffers is alive for certain.
  let isVerified: Bool
  let leaks: [Leak]

  enum CodingKeys: String, CodingKey {
    case schema, lost, leaks
    case duration = "duration_ns"
    case isVerified = "verified"
  }

  private struct Group: Hashable {
    let process: Process
    let exporter: UntrustedText
    let stack: StackTrace
  }

  init(
    _ exports: [LiveExports.Export], symbols: [StackTrace.Frame: StackTrace.Symbol], duration: UInt64, lost: UInt64,
    isVerified: Bool
  ) {
    self.duration = duration
    self.lost = lost
    self.isVerified = isVerified
    let groups = Dictionary(grouping: exports) { export in
      Group(
        process: Process(pid: export.process.pid, comm: export.process.command), exporter: export.buffer.exporter,
        stack: export.stack)
    }
    leaks = groups.map { group, exports in
      Leak(
        process: group.process, exporter: group.exporter,
        bytes: exports.reduce(0) { $0 &+ $1.buffer.size },
        buffers: exports.map { export in
          let buffer = export.buffer
          return Buffer(ino: buffer.inode, size: buffer.size, name: buffer.name, time: export.time)
        },
        frames: group.stack.frames.map { Frame($0, symbols[$0]) }, end: Self.words(for: group.stack))
    }.sorted { one, two in
      if one.bytes != two.bytes { return one.bytes > two.bytes }
      if one.buffers.count != two.buffers.count { return one.buffers.count > two.buffers.count }
      return one.buffers[0].ino < two.buffers[0].ino
    }
  }

  /// The reason why there are no more frames, as it follows «no more frames: ».
  static func words(for stack: StackTrace) -> String? {
    let module = stack.frames.last?.module?.name.escaped ?? "?"
    return switch stack.end {
    case .complete: nil
    case .notRecorded: "the kernel recorded no stack"
    case .processEnded: "the process ended before its modules could be read"
    case .unreadable(let file, let errno): "\(file.escaped): \(errno)"
    case .otherNamespace: "the process is in another pid namespace"
    case .noModule: "the address is in no file"
    case .notELF: "\(module) is not an ELF file of this architecture"
    case .noFrameInformation: "no call frame information in \(module)"
    case .malformed: "unsupported call frame information in \(module)"
    case .beyondRecord: "the caller is beyond the recorded part of the stack"
    case .tooMany: "only \(StackTrace.mostFrames) are reported"
    case .unsupported: "stacks of this architecture are not supported"
    }
  }

  // MARK: Text

  private static let width = 80
  private static let indent = "    "

  func text(style: Style) -> String {
    let groups = leaks.map { leak in
      [style.bold(title(of: leak))] + lines(for: leak.frames)
        + (leak.end.map { [Self.indent + "no more frames: " + $0] } ?? []) + [inodes(of: leak)]
    }
    return (groups + [[total]]).joined(separator: [""]).joined(separator: "\n")
  }

  private func title(of leak: Leak) -> String {
    "\(Units.count(leak.buffers.count, "buffer")), \(Units.size(leak.bytes)), exporter \(leak.exporter.escaped), "
      + "\(Units.process(leak.process.comm, leak.process.pid)):"
  }

  private func lines(for frames: [Frame]) -> [String] {
    let places = frames.map(\.place)
    let widest = places.map(\.unicodeScalars.count).max() ?? 0
    let room = max(24, Self.width - Self.indent.count - 2 - widest)
    let functions = frames.map { $0.function(within: room) }
    let column = functions.map(\.unicodeScalars.count).max() ?? 0
    let lines = zip(functions, places).map { function, place in
      Self.indent + function + String(repeating: " ", count: column - function.unicodeScalars.count + 2) + place
    }
    return Self.shortened(lines)
  }

  /// The lines without long repetitions of one line: functions that call themselves.
  private static func shortened(_ lines: [String]) -> [String] {
    var result: [String] = []
    var rest = lines[...]
    while let line = rest.first {
      let count = rest.prefix { $0 == line }.count
      result += count > 2 ? [line, indent + "... \(count - 1) more times"] : Array(repeating: line, count: count)
      rest = rest.dropFirst(count)
    }
    return result
  }

  /// As many inode numbers as fit on the line.
  private func inodes(of leak: Leak) -> String {
    let inodes = leak.buffers.map { "\($0.ino)" }
    var line = Self.indent + "ino " + inodes[0]
    for (index, inode) in inodes.enumerated().dropFirst() {
      let left = inodes.count - index
      let more = left > 1 ? " and \(left - 1) more".utf8.count : 0
      guard line.utf8.count + 2 + inode.utf8.count + more <= Self.width else { return line + " and \(left) more" }
      line += ", " + inode
    }
    return line
  }

  private var total: String {
    let count = leaks.reduce(0) { $0 + $1.buffers.count }
    let time = Units.time(duration)
    if count == 0 { return "no buffer that was exported in these \(time) is alive" }
    let size = Units.size(leaks.reduce(0) { $0 &+ $1.bytes })
    return "\(Units.count(count, "buffer")), \(size), exported in these \(time), \(count == 1 ? "is" : "are") alive"
  }
}

extension TraceLeaks.Frame {
  init(_ frame: StackTrace.Frame, _ symbol: StackTrace.Symbol?) {
    self.symbol = symbol?.name
    offset = symbol?.offset
    module = frame.module?.path
    address = frame.address
    build = frame.module.flatMap { $0.buildID.isEmpty ? nil : $0.buildID.hexadecimal }
  }

  /// `ioctl+0x3f`, or `?`; a long name ends with `…`.
  fileprivate func function(within room: Int) -> String {
    guard let symbol, let offset else { return "?" }
    let distance = "+0x" + String(offset, radix: 16)
    let name = symbol.escaped
    let excess = name.unicodeScalars.count + distance.utf8.count - room
    return excess > 0 ? String(name.unicodeScalars.dropLast(excess + 1)) + "…" + distance : name + distance
  }

  /// `libc.so.6+0x10ea3f`: the place for `addr2line`.
  fileprivate var place: String {
    let address = "0x" + String(address, radix: 16)
    return module.map { $0.lastComponent.escaped + "+" + address } ?? address
  }
}

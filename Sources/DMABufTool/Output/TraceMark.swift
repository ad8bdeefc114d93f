// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// A part of the picture of a trace.
enum TraceMark {
  /// The name of a group of tracks. Groups with a lower `order` are drawn above.
  case group(UInt32, name: String, order: Int)
  /// The name of a track. Tracks with a lower `order` are drawn above the others of the group.
  case track(TraceTrack, name: String, order: UInt64)
  /// A slice from `begin` to `end`.
  case slice(TraceSlice)
  /// A mark at `end`.
  case moment(TraceSlice)
  case arrow(TraceArrow)
}

struct TraceSlice {
  /// What a slice is about. Viewers filter by this word.
  enum Category: String {
    case buffer, device, access, fence, wait, step
  }

  let track: TraceTrack
  let category: Category
  let name: String
  /// Nanoseconds of ``Clock``, as is `end`.
  let begin: UInt64
  let end: UInt64
  let details: [TraceDetail]
}

/// An arrow between two slices.
struct TraceArrow {
  struct Point {
    let track: TraceTrack
    /// A moment inside the slice.
    let time: UInt64
  }

  enum Kind: String {
    /// From the creation of a fence to its slice.
    case create
    /// From the creation of a fence to the buffer that it is added to.
    case add
    /// From the signal of a fence to the end of a wait.
    case signal
  }

  let kind: Kind
  let from: Point
  let to: Point
}

/// A fact about a slice.
struct TraceDetail {
  enum Value {
    case number(UInt64)
    case text(String)
  }

  let key: StaticString
  let value: Value

  init(_ key: StaticString, _ text: String) { (self.key, value) = (key, .text(text)) }

  init(_ key: StaticString, _ number: UInt64) { (self.key, value) = (key, .number(number)) }

  init(_ key: StaticString, _ process: TraceEvent.Process) {
    self.init(key, Units.process(process.command, process.pid))
  }
}

extension TraceEvent.Buffer {
  /// `ino:7 8M system "cam"`.
  var words: String {
    "ino:\(inode) \(Units.size(size)) \(exporter.escaped)" + (name.map { " \"\($0.escaped)\"" } ?? "")
  }
}

extension TraceEvent {
  /// The step and its object: `begin ino:7`, `fence-signal vgem unbound#1`.
  var title: String {
    let words = [
      step.rawValue, fence.map { TraceLine.Fence($0).text }, fence == nil ? buffer.map { "ino:\($0.inode)" } : nil,
      device?.escaped,
    ]
    return words.compactMap(\.self).joined(separator: " ")
  }

  /// The facts of the step that its place and time do not show.
  var details: [TraceDetail] {
    let line = TraceLine(self)
    let facts: [TraceDetail?] = [
      buffer.map { TraceDetail("buffer", $0.words) }, device.map { TraceDetail("device", $0.escaped) },
      line.direction.map { TraceDetail("direction", $0) }, line.errno.map { TraceDetail("errno", $0) },
      line.fence.map { TraceDetail("fence", $0.text) }, parent.map { TraceDetail("parent", $0) },
      TraceDetail("process", process), line.usage.map { TraceDetail("usage", $0) },
      value.map { TraceDetail("value", $0) },
    ]
    return facts.compactMap(\.self)
  }
}

extension Stall {
  var details: [TraceDetail] {
    let line = TraceLine(self)
    let facts: [TraceDetail?] = [
      buffer.map { TraceDetail("buffer", $0.words) }, line.call.map { TraceDetail("call", $0) },
      creator.map { TraceDetail("creator", $0) }, TraceDetail("fence", line.fence?.text ?? "?"),
      TraceDetail("process", process), signaller.map { TraceDetail("signaller", $0) },
      TraceDetail("state", hasEnded ? isSignalled ? "signalled" : "not signalled" : "waiting"),
    ]
    return facts.compactMap(\.self)
  }
}

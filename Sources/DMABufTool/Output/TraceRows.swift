// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// The rows of a trace, their tracks, and what is drawn on them.
struct TraceRows {
  enum Row: Hashable {
    case thread(pid: Int32, tid: Int32)
    /// The processes outside of the tracer's pid namespace that have this name.
    case outside(UntrustedText)
    case buffer(UInt64)
    case device(UInt64, UntrustedText)
    case timeline(UInt64)

    init(_ process: TraceEvent.Process) {
      self =
        process.pid < 0 || process.tid < 0
        ? .outside(process.command) : .thread(pid: process.pid, tid: process.tid)
    }
  }

  /// The groups of buffers, of fences, and of processes without a number. Process ids are lower.
  private static let buffers: UInt32 = 100_000_000
  private static let fences: UInt32 = 200_000_000
  private static let outside: UInt32 = 300_000_000

  /// The time of the last record.
  var last: UInt64 = 0

  private var marks: [TraceMark] = [
    .group(buffers, name: "buffers", order: -2), .group(fences, name: "fences", order: -1),
  ]
  private var nextTrack = buffers + 1
  /// Rows that were forgotten have slices until here.
  private var horizon: UInt64 = 0
  private var rows = RecentDictionary<Row, TraceLanes>(capacity: 1 << 15)
  private var names = RecentDictionary<Row, String>(capacity: 1 << 15)

  /// What was drawn since the last call.
  mutating func take() -> [TraceMark] {
    defer { marks.removeAll(keepingCapacity: true) }
    return marks
  }

  /// Names a row, unless it has this name.
  mutating func name(_ row: Row, _ name: String) {
    let track = track(of: row)
    guard names[row] != name else { return }
    _ = names.set(name, for: row)
    marks.append(.track(track, name: name, order: Self.order(of: row)))
    switch row {
    case .thread: marks.append(.group(track.group, name: name, order: 0))
    case .outside: marks.append(.group(track.group, name: "outside of the pid namespace", order: 1))
    default: break
    }
  }

  /// The first track of a row.
  mutating func track(of row: Row) -> TraceTrack {
    if let lanes = rows[row] { return lanes.main }
    names.remove(row)
    let track: TraceTrack
    switch row {
    case .thread(let pid, let tid): track = TraceTrack(group: UInt32(clamping: pid), number: UInt32(clamping: tid))
    case .buffer, .device: track = add(to: Self.buffers)
    case .timeline: track = add(to: Self.fences)
    case .outside: track = add(to: Self.outside)
    }
    keep(TraceLanes(track, horizon: horizon), for: row)
    return track
  }

  /// Forgets a row. Another one with this number gets tracks of its own.
  mutating func remove(_ row: Row) {
    names.remove(row)
    rows.remove(row)
  }

  // MARK: Drawing

  /// Draws a slice, and returns its track; `nil` if the row has too many slices at this time. Then its end is marked.
  /// `hasSlices` announces slices inside this one.
  @discardableResult
  mutating func slice(
    on row: Row, _ category: TraceSlice.Category, _ name: String, from begin: UInt64, to end: UInt64,
    _ details: [TraceDetail], hasSlices: Bool = false
  ) -> TraceTrack? {
    let main = track(of: row)
    let rowName = names[row] ?? "?"
    var added: TraceMark?
    // The row is removed, so that its lanes are changed and not copied.
    guard var lanes = rows.remove(row) else { return nil }
    let track = lanes.track(from: begin, to: end, hasSlices: hasSlices) { number in
      let track = add(to: main.group)
      added = .track(track, name: "\(rowName) (\(number))", order: Self.order(of: row))
      return track
    }
    keep(lanes, for: row)
    if let added { marks.append(added) }
    if let track {
      inner(name, category, on: track, from: begin, to: end, details)
    } else {
      let details = details + [TraceDetail("duration_ns", end - begin)]
      marks.append(
        .moment(TraceSlice(track: main, category: category, name: name, begin: end, end: end, details: details)))
    }
    return track
  }

  /// Draws a slice inside the last one.
  mutating func inner(
    _ name: String, _ category: TraceSlice.Category, on track: TraceTrack, from begin: UInt64, to end: UInt64,
    _ details: [TraceDetail] = []
  ) {
    marks.append(
      .slice(TraceSlice(track: track, category: category, name: name, begin: begin, end: end, details: details)))
  }

  mutating func moment(_ event: TraceEvent, _ name: String, on row: Row) {
    let slice = TraceSlice(
      track: track(of: row), category: .step, name: name, begin: event.time, end: event.time, details: event.details)
    marks.append(.moment(slice))
  }

  mutating func arrow(_ kind: TraceArrow.Kind, from: TraceArrow.Point, to: TraceArrow.Point) {
    marks.append(.arrow(TraceArrow(kind: kind, from: from, to: to)))
  }

  // MARK: Tracks

  private mutating func add(to group: UInt32) -> TraceTrack {
    nextTrack += 1
    return TraceTrack(group: group, number: nextTrack)
  }

  private mutating func keep(_ lanes: TraceLanes, for row: Row) {
    if !rows.set(lanes, for: row).isEmpty { horizon = last }
  }

  /// A device is below its buffer.
  private static func order(of row: Row) -> UInt64 {
    switch row {
    case .thread(_, let tid): UInt64(clamping: tid)
    case .buffer(let inode): inode << 4
    case .device(let inode, _): inode << 4 | 1
    case .timeline(let context): context
    case .outside: 0
    }
  }
}

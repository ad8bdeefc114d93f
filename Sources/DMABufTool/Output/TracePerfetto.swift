// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import DMABufTrace

/// Writes a trace as JSON in the Trace Event Format, which Perfetto and chrome://tracing open.
///
/// The file is written while the trace runs, and is valid however the trace ends. Times are microseconds of
/// `CLOCK_MONOTONIC`.
struct TracePerfetto {
  private static let chunk = 64 << 10

  /// The file; `nil` for standard output.
  private let file: OutputFile?
  private var tracks = TraceTracks()
  private var json = JSONWriter()
  private var arrows: UInt64 = 0
  private var bytes = Array("{\"traceEvents\":[\n".utf8)

  /// Creates the file. `-` is standard output.
  init(_ name: String) throws { file = name == "-" ? nil : try OutputFile(name) }

  /// Adds a step. A step that is not reported can end what was reported before.
  mutating func add(_ event: TraceEvent, isReported: Bool) { tracks.add(event, isReported: isReported) }

  mutating func add(_ stall: Stall) { tracks.add(stall) }

  /// Writes what was added.
  mutating func write() throws {
    for mark in tracks.take() {
      append(mark)
      if bytes.count >= Self.chunk { try flush() }
    }
  }

  /// Ends the document, and puts the file in its place.
  mutating func finish(lost: UInt64, missing: [String]) throws {
    tracks.end(at: Clock.now)
    try write()
    var facts = JSONWriter()
    facts.object { json in
      json.member("clock", "CLOCK_MONOTONIC")
      json.member("lost", lost)
      json.member("missing", missing) { $0.value($1) }
      json.member("tool", Version.text.split(scalar: "\n").first.map(String.init))
    }
    bytes += "],\"otherData\":\(try facts.finish())}\n".utf8
    try flush()
    try file?.commit(evenIfInterrupted: true)
  }

  private mutating func flush() throws {
    if let file { try file.write(bytes) } else { try StandardStream.output.write(bytes) }
    bytes.removeAll(keepingCapacity: true)
  }

  // MARK: Events

  private mutating func append(_ mark: TraceMark) {
    switch mark {
    case .group(let group, let name, let order):
      let track = TraceTrack(group: group, number: group)
      append("process_name", of: track) { $0.member("name", name) }
      append("process_sort_index", of: track) { $0.member("sort_index", order) }
    case .track(let track, let name, let order):
      append("thread_name", of: track) { $0.member("name", name) }
      append("thread_sort_index", of: track) { $0.member("sort_index", order) }
    case .slice(let slice): append(slice, isMoment: false)
    case .moment(let slice): append(slice, isMoment: true)
    case .arrow(let arrow):
      arrows += 1
      append(arrow, isEnd: false)
      append(arrow, isEnd: true)
    }
  }

  private mutating func append(_ slice: TraceSlice, isMoment: Bool) {
    json.object { json in
      json.key("args")
      json.object { json in slice.details.forEach { $0.write(to: &json) } }
      json.member("cat", slice.category.rawValue)
      if !isMoment { json.member("dur", microsecondsOf: slice.end - slice.begin) }
      json.member("name", slice.name)
      json.member("ph", isMoment ? "i" : "X")
      json.member("pid", slice.track.group)
      if isMoment { json.member("s", "t") }
      json.member("tid", slice.track.number)
      json.member("ts", microsecondsOf: slice.begin)
    }
    bytes += json.takeLine()
  }

  private mutating func append(_ arrow: TraceArrow, isEnd: Bool) {
    let point = isEnd ? arrow.to : arrow.from
    json.object { json in
      // An arrow ends at the slice around it, not at the next one.
      if isEnd { json.member("bp", "e") }
      json.member("cat", "fence")
      json.member("id", arrows)
      json.member("name", arrow.kind.rawValue)
      json.member("ph", isEnd ? "f" : "s")
      json.member("pid", point.track.group)
      json.member("tid", point.track.number)
      json.member("ts", microsecondsOf: point.time)
    }
    bytes += json.takeLine()
  }

  /// Appends a fact about a track or its group.
  private mutating func append(_ name: String, of track: TraceTrack, _ fact: (inout JSONWriter) -> Void) {
    json.object { json in
      json.key("args")
      json.object(fact)
      json.member("name", name)
      json.member("ph", "M")
      json.member("pid", track.group)
      json.member("tid", track.number)
    }
    bytes += json.takeLine()
  }
}

extension TraceDetail {
  fileprivate func write(to json: inout JSONWriter) {
    switch value {
    case .number(let number): json.member(key, number)
    case .text(let text): json.member(key, text)
    }
  }
}

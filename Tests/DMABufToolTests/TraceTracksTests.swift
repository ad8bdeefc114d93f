// SPDX-License-Identifier: MIT
import Testing

@testable import DMABufTool

/// The tracks of a trace for Perfetto.
@Suite("Trace tracks")
struct TraceTracksTests {
  struct Slice {
    let begin: UInt64
    let end: UInt64
  }

  /// Adds the slices to one row, and returns those of each track.
  static func tracks(of slices: [Slice]) -> [TraceTrack?: [Slice]] {
    var lanes = TraceLanes(TraceTrack(group: 1, number: 1))
    return slices.reduce(into: [:]) { tracks, slice in
      let track = lanes.track(from: slice.begin, to: slice.end, hasSlices: false) { number in
        TraceTrack(group: 1, number: UInt32(number))
      }
      tracks[track, default: []].append(slice)
    }
  }

  /// Whether a viewer can draw the slices of a track: it sorts them by their begin only.
  static func nest(_ slices: [Slice]) -> Bool {
    let sorted = slices.enumerated().sorted { ($0.element.begin, $0.offset) < ($1.element.begin, $1.offset) }
    var open: [UInt64] = []
    for (_, slice) in sorted {
      open.removeAll { $0 <= slice.begin }
      if let outer = open.last, outer < slice.end { return false }
      open.append(slice.end)
    }
    return true
  }

  @Test("The slices of each track nest", arguments: 1...200 as ClosedRange<UInt64>)
  func nesting(seed: UInt64) {
    var state = seed
    func random(_ limit: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % limit
    }
    // Most slices come in the order of their ends, and some late.
    let slices = (0..<300).map { index in
      let end = UInt64(index) * 3 + 300 - (random(10) == 0 ? random(100) : 0)
      return Slice(begin: end - random(random(2) == 0 ? 8 : 150), end: end)
    }
    let tracks = Self.tracks(of: slices)
    #expect(tracks.values.allSatisfy(Self.nest))
    #expect(tracks[nil] == nil)
  }

  @Test("Nested slices share a track, and overlapping ones do not")
  func sharing() {
    let nested = [Slice(begin: 20, end: 30), Slice(begin: 40, end: 50), Slice(begin: 10, end: 60)]
    #expect(Self.tracks(of: nested).count == 1)
    #expect(Self.tracks(of: [Slice(begin: 10, end: 20), Slice(begin: 15, end: 25)]).count == 2)
    // The file has the inner slice first, which viewers draw outside.
    #expect(Self.tracks(of: [Slice(begin: 10, end: 20), Slice(begin: 10, end: 25)]).count == 2)
    #expect(Self.tracks(of: [Slice(begin: 10, end: 20), Slice(begin: 20, end: 25)]).count == 1)
    // A row does not forget what overlaps after many slices.
    let many = (1...1000).map { Slice(begin: $0 * 10, end: $0 * 10 + 5) }
    #expect(Self.tracks(of: many).count == 1)
    #expect(Self.tracks(of: many + [Slice(begin: 12, end: 20_000)]).count == 2)
  }

  @Test("Entries that were not set for long are forgotten")
  func forgetting() {
    var recent = RecentDictionary<Int, Int>(capacity: 8)
    var forgotten: [Int: Int] = [:]
    for number in 0..<100 { forgotten.merge(recent.set(number, for: number)) { $1 } }
    #expect(recent[99] == 99 && recent[96] == 96)
    #expect(recent[0] == nil && forgotten[0] == 0)
    let left = recent.takeAll()
    #expect(left.count <= 8 && left.count + forgotten.count == 100)
    #expect(recent[99] == nil)
  }

  @Test("Times keep their nanoseconds")
  func times() throws {
    var json = JSONWriter()
    json.object { $0.member("ts", microsecondsOf: 12_345_678_009) }
    #expect(try json.finish() == #"{"ts":12345678.009}"#)
  }
}

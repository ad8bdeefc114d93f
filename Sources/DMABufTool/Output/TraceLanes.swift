// SPDX-License-Identifier: MIT

/// A row in the picture of a trace. The file calls its group a process and the row a thread.
struct TraceTrack: Hashable {
  let group: UInt32
  let number: UInt32
}

/// The tracks of one row, as many as its slices need to nest: any two slices of a track are apart, or one contains the
/// other. Viewers drop other slices.
///
/// Slices are added in the order of the file. Of two slices that begin at the same moment, a viewer draws the second
/// inside the first.
struct TraceLanes {
  private struct Span {
    let begin: UInt64
    let end: UInt64
    var hasSlices: Bool
  }

  private struct Lane {
    let track: TraceTrack
    /// The outermost slices, apart from each other and in the order of time.
    var spans: [Span] = []
    /// The slices that begin before this moment are no longer known.
    var horizon: UInt64 = 0

    /// Adds the slice, or returns `false` if it does not nest.
    mutating func add(_ begin: UInt64, _ end: UInt64, _ hasSlices: Bool) -> Bool {
      guard begin >= horizon else { return false }
      let first = spans.lastIndex { $0.end <= begin }.map { $0 + 1 } ?? 0
      let later = spans[first...]
      if let outer = later.first, outer.begin <= begin, end <= outer.end {
        // Slices inside the outer one are not remembered, so there can be only one.
        guard !outer.hasSlices else { return false }
        spans[first].hasSlices = true
        return true
      }
      let inner = later.prefix { $0.end <= end }
      let next = later.dropFirst(inner.count).first
      guard begin < inner.first?.begin ?? .max, end <= next?.begin ?? .max else { return false }
      let span = Span(begin: begin, end: end, hasSlices: hasSlices || !inner.isEmpty)
      spans.replaceSubrange(inner.startIndex..<inner.endIndex, with: CollectionOfOne(span))
      if spans.count > TraceLanes.mostSpans { horizon = spans.removeFirst().end }
      return true
    }
  }

  /// The most slices of a track that are remembered. Only a slice that is longer than all of these needs another track.
  private static let mostSpans = 64
  private static let mostLanes = 256

  private var lanes: [Lane]

  /// Creates the row with one track. Slices on the track before `horizon` are unknown.
  init(_ track: TraceTrack, horizon: UInt64 = 0) { lanes = [Lane(track: track, horizon: horizon)] }

  /// The first track. A slice without length fits there at any time.
  var main: TraceTrack { lanes[0].track }

  /// Returns the track for a slice; `nil` if there are too many tracks. `hasSlices` announces slices inside this one.
  /// `add` creates a track if the slice nests on none; its number counts from 2.
  mutating func track(
    from begin: UInt64, to end: UInt64, hasSlices: Bool, add: (Int) -> TraceTrack
  ) -> TraceTrack? {
    if begin == end { return main }
    for index in lanes.indices where lanes[index].add(begin, end, hasSlices) { return lanes[index].track }
    guard lanes.count < Self.mostLanes else { return nil }
    var lane = Lane(track: add(lanes.count + 1))
    _ = lane.add(begin, end, hasSlices)
    lanes.append(lane)
    return lane.track
  }
}

/// A dictionary of bounded size. It forgets the entries that were not set for the longest time.
struct RecentDictionary<Key: Hashable, Value> {
  private let half: Int
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]

  /// Creates a dictionary that remembers at least `capacity / 2` and at most `capacity` entries.
  init(capacity: Int) { half = capacity / 2 }

  subscript(key: Key) -> Value? { young[key] ?? old[key] }

  /// Sets an entry, and returns the entries that are forgotten instead.
  mutating func set(_ value: Value, for key: Key) -> [Key: Value] {
    old[key] = nil
    young[key] = value
    guard young.count >= half else { return [:] }
    let forgotten = old
    old = young
    young = [:]
    return forgotten
  }

  @discardableResult
  mutating func remove(_ key: Key) -> Value? {
    // Both are asked: an entry is in one of them only.
    young.removeValue(forKey: key) ?? old.removeValue(forKey: key)
  }

  /// Removes all entries.
  mutating func takeAll() -> [Key: Value] {
    defer { (young, old) = ([:], [:]) }
    return young.merging(old) { one, _ in one }
  }
}

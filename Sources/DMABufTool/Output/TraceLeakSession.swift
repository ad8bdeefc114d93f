// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufTrace

/// The buffers that `dmabuf trace --leaks` follows.
struct TraceLeakSession {
  private let filter: TraceFilterOptions
  private let begin = Clock.now
  private var exports = LiveExports()
  private var report: TraceLeaks?

  init(_ filter: TraceFilterOptions) { self.filter = filter }

  mutating func add(_ event: TraceEvent, isOfFamily: Bool) {
    guard report == nil else { return }
    exports.add(event, wanted: isOfFamily && (filter.pid.isEmpty || filter.pid.contains(event.process.pid)))
  }

  func endMoment() { exports.endMoment() }

  /// Ends the time in which exports count. Later calls have no effect.
  mutating func end(_ tracer: any TraceSource) {
    guard report == nil else { return }
    let duration = Clock.now - begin
    var isVerified = true
    // A release may be among the events that are missing.
    if tracer.lost > 0 || !tracer.missing.isEmpty, !exports.all.isEmpty {
      let inodes = Self.inodes()
      isVerified = inodes != nil
      if let inodes { exports.keep(inodes) }
    }
    let chosen = exports.all.filter { filter.includes($0.buffer) }
    report = TraceLeaks(
      chosen, symbols: exports.symbols(of: chosen), duration: duration, lost: tracer.lost, isVerified: isVerified)
  }

  func print(asJSON: Bool) throws {
    guard let report else { return }
    try report.print(asJSON: asJSON)
    guard !report.isVerified else { return }
    Diagnostics.say(
      "some of these buffers may have been released: events are missing, and no list of all buffers could be read",
      hint: nil)
  }

  /// All buffers of the machine; `nil` if no source lists them.
  private static func inodes() -> Set<UInt64>? {
    var query = Census.Query()
    query.wantsReferences = false
    var census = Census(query)
    if !census.listsAllBuffers {
      // Reading this source stalls allocations, so it is the last resort.
      query.sources = [.bufinfo]
      census = Census(query)
    }
    return census.listsAllBuffers ? Set(census.buffers.map(\.inode)) : nil
  }
}

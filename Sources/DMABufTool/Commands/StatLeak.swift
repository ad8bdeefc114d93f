// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import SystemPackage

/// The leak test of `stat --fail-if-growth`.
extension Stat {
  /// Compares the minimum of several samples at the beginning, or an earlier census, with the minimum of samples at the
  /// end.
  func testForLeaks(_ limit: GrowthLimit, since earlier: StatSnapshot?, _ selection: StatSelection) throws {
    let limited = try census.repeatedQuery(wantsAttachments: wantsAttachments)
    if limited.processes != nil { try reportCaveats(of: Census(limited)) }
    var view = view
    view.top = nil
    var test = LeakTest(limited, selection, view)
    let progress = Progress(after: 0)
    defer { progress.finish() }

    let first: StatSnapshot
    var last: StatSnapshot?
    if let earlier {
      first = earlier
      let end = time.period?.duration ?? .seconds(1)
      for moment in LeakTest.moments(8, from: 0, to: 1, of: end) {
        try moment.sleep()
        last = test.takeCensus(after: last)
        // Without a period the first sample without growth decides.
        if time.period == nil, let last, LeakVerdict(last.counts - first.counts, limit: limit).exceeded.isEmpty {
          break
        }
      }
    } else {
      let duration = time.period?.duration ?? .zero
      let early = LeakTest.moments(5, from: 0, to: 0.2, of: duration)
      let late = LeakTest.moments(16, from: 0.7, to: 1, of: duration)
      first = try test.floor(early) { look in
        progress.show("watching \(StatReport.sum(look.totals.buffers, look.totals.bytes)), for \(duration)")
      }
      last = try test.floor(late)
      // A program in a restart loop is at its minimum only for moments, so growth has to last.
      let further = LeakTest.moments(48, from: 0, to: 0.3, of: duration)
      for (index, moment) in further.enumerated() {
        if index > 2, further.last?.isPast == true { break }
        guard let floor = last, !LeakVerdict(floor.counts - first.counts, limit: limit).exceeded.isEmpty else {
          break
        }
        try moment.sleep()
        last = test.takeCensus(after: floor)
      }
    }
    guard let last else { return }
    progress.finish()
    try report(StatDifference(from: first, to: last, limit: limit), since: first, test)
    if let ended = LeakTest.ended(limited) {
      throw Failure("cannot compare \(ended): the process ended during the test")
    }
    if earlier == nil, !test.hasMatched, let filter = filterInWords {
      throw Failure("cannot compare buffers \(filter): the test found none", hint: "dmabuf stat lists all buffers")
    }
  }

  private func report(_ difference: StatDifference, since first: StatSnapshot, _ test: LeakTest) throws {
    var difference = difference
    guard var verdict = difference.verdict else { return }
    verdict.unseen = test.unseen
    if first.unreadableProcesses ?? 0 > 0 || first.areHoldersKnown == false, census.filter.pid.isEmpty {
      verdict.unseen.append("some holders in the earlier census")
    }
    let isPartial = !verdict.unseen.isEmpty
    if verdict.growth[.kernelHeld] == nil { verdict.unseen.append("buffers that no process holds") }
    if verdict.growth[.syncObjects] == nil { verdict.unseen.append("syncobjs") }
    if verdict.growth[.kernelHeld] ?? 0 > 0 { verdict.references = test.references(since: first) }
    if verdict.growth[.syncFiles] ?? 0 > 0 {
      verdict.fences = difference.processes.filter { $0.syncFiles > 0 }.prefix(16).flatMap(LeakTest.fences)
    }
    difference.verdict = verdict
    try difference.print(asJSON: json)
    try reportCaveats(of: test.census)
    if isPartial || !verdict.exceeded.isEmpty { throw Failure.reported }
  }

  /// The filters that choose buffers by their properties.
  private var filterInWords: String? {
    let filters = [("exporter", census.filter.exporter), ("name", census.filter.name), ("unit", census.filter.unit)]
    let words = filters.compactMap { name, value in
      value.map { "of \(name) \(UntrustedText($0.utf8).escaped)" }
    }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}

/// The samples of a leak test.
struct LeakTest {
  private let query: Census.Query
  private var selection: StatSelection
  private let view: StatView
  /// Attributions of buffers that no process holds, by inode: whether a device is attached whose node a chosen process
  /// has open.
  private var attributions: [UInt64: Bool?] = [:]
  /// The census that best shows what is unknown.
  private(set) var census: Census
  /// Whether a buffer has matched the selection.
  private(set) var hasMatched = false
  private var undecided = StatReport.Undecided()

  /// Chooses the sources. Only sources that cover the whole machine list buffers that no process holds.
  init(_ query: Census.Query, _ selection: StatSelection, _ view: StatView) {
    var wide = query
    wide.processes = nil
    if query.sources == nil, wide.iterators == nil { wide.iterators = KernelIterators.loadedWherePermitted() }
    var census = Census(wide)
    if !census.listsAllBuffers, query.sources == nil, Census.readableDebugList != nil {
      wide.wantsAttachments = true
      census = Census(wide)
    }
    self.selection = selection
    self.view = view
    if let processes = query.processes {
      let isWide = census.listsAllBuffers && census.seesAllProcesses
      self.query = isWide ? wide : query
      self.selection.processes = isWide ? Set(processes) : nil
      self.census = isWide ? census : Census(query)
    } else {
      self.query = wide
      self.census = census
    }
  }

  /// Returns unevenly spaced moments, so that the samples do not align with periodic events.
  static func moments(_ count: Int, from start: Double, to end: Double, of duration: Duration) -> [Deadline] {
    let golden = 0.618_033_988_75
    return (0..<count).map { index in
      let shift = (Double(index) * golden).truncatingRemainder(dividingBy: 1)
      let place = index == count - 1 ? 1 : (Double(index) + (index == 0 ? 0 : shift)) / Double(count)
      return Deadline(after: duration * (start + place * (end - start)))
    }
  }

  /// The minimum of samples at these moments. If the last moment passes early, fewer samples are taken, but at least
  /// three.
  mutating func floor(_ moments: [Deadline], _ show: (StatSnapshot) -> Void = { _ in }) throws -> StatSnapshot {
    try moments.first?.sleep()
    var floor = takeCensus(after: nil)
    for (index, moment) in moments.dropFirst().enumerated() {
      if index > 1, moments.last?.isPast == true { break }
      show(floor)
      try moment.sleep()
      floor = takeCensus(after: floor)
    }
    return floor
  }

  /// Takes one more sample. Returns the minimum of this sample and of earlier ones.
  mutating func takeCensus(after floor: StatSnapshot?) -> StatSnapshot {
    let census = Census(query)
    if selection.processes != nil { attribute(census) }
    let report = StatReport(census, selection, view)
    if report.totals.buffers > 0, !hasMatched || census.refused.count > self.census.refused.count {
      self.census = census
    }
    hasMatched = hasMatched || report.totals.buffers > 0
    if report.totals.undecided.buffers > undecided.buffers { undecided = report.totals.undecided }
    let look = StatSnapshot(report)
    return floor?.floor(with: look) ?? look
  }

  /// The unknown facts about chosen processes and buffers.
  var unseen: [String] {
    var unseen: [String] = []
    let count = census.refused.count
    if count > 0 { unseen.append("\(Units.count(count, "process", "processes")) that may not be read") }
    if census.hidden != nil { unseen.append("processes that are hidden") }
    if !census.unverified.isEmpty { unseen.append("mappings that may not be verified") }
    if undecided.buffers > 0 { unseen.append(undecided.description) }
    let unattributed = attributions.values.count { $0 == nil }
    if unattributed > 0 {
      unseen.append("devices attached to \(Units.count(unattributed, "buffer")) that no process holds")
    }
    return unseen
  }

  /// The reason why a requested process is gone.
  static func ended(_ query: Census.Query) -> String? {
    guard query.processes != nil, case .noSuchProcess(let path) = Census(query).failures[.procfs] else {
      return nil
    }
    return path
  }

  // MARK: References

  private var detailed: Census {
    var query = query
    query.wantsAttachments = true
    query.wantsReferences = true
    return Census(query)
  }

  /// Determines once for each buffer without a holder whether it is attributed to a chosen process.
  private mutating func attribute(_ census: Census) {
    let unheld = census.buffers.filter(\.holders.isEmpty).map(\.inode)
    if unheld.contains(where: { attributions[$0] == nil }), let processes = selection.processes {
      let detailed = detailed
      let users = detailed.otherReferences?.users ?? [:]
      for buffer in detailed.buffers where buffer.holders.isEmpty && attributions[buffer.inode] == nil {
        attributions[buffer.inode] = .some(
          buffer.devices.map { $0.contains { device in !processes.isDisjoint(with: users[device] ?? []) } })
      }
    }
    selection.unheld = Set(unheld.filter { attributions[$0] == true })
  }

  /// The references to buffers that no process holds and that `first` does not have.
  func references(since first: StatSnapshot) -> [LeakVerdict.Reference] {
    let known = Set(first.buffers.filter(\.processes.isEmpty).map(\.ino))
    let new = StatReport(detailed, selection, view).buffers.filter {
      $0.processes.isEmpty && $0.areHoldersKnown && !known.contains($0.ino)
    }
    let groups = Dictionary(grouping: new) { buffer in
      (buffer.references ?? []).map { $0.device?.string ?? $0.kind.rawValue }.joined(separator: " ")
    }
    return groups.sorted { $0.key < $1.key }.flatMap { _, buffers in
      let sum = StatReport.Sum(buffers)
      let references = buffers.first?.references ?? []
      return (references.isEmpty ? [.init(kind: .unknown)] : references).map { reference in
        LeakVerdict.Reference(
          device: reference.device?.string, kind: reference.kind.rawValue, buffers: sum.buffers, bytes: sum.bytes,
          nodes: reference.nodes,
          processes: reference.processes.map { StatSnapshot.Holder(pid: $0.pid, comm: $0.comm?.string) })
      }
    }
  }

  static func fences(of process: StatSnapshot.Process) -> [LeakVerdict.Fences] {
    let fences = ProcessFences(of: process.pid)
    let known = fences.files.sorted { ($0.value, $1.key.name) > ($1.value, $0.key.name) }.prefix(8).map {
      LeakVerdict.Fences(
        pid: process.pid, comm: process.comm, driver: $0.key.driver?.string, timeline: $0.key.timeline?.string,
        files: $0.value, isKnown: true)
    }
    guard fences.unread > 0 else { return known }
    return known + [
      LeakVerdict.Fences(
        pid: process.pid, comm: process.comm, driver: nil, timeline: nil, files: fences.unread, isKnown: false)
    ]
  }
}

extension ProcessFences.Timeline {
  fileprivate var name: String { (driver?.string ?? "") + "/" + (timeline?.string ?? "") }
}

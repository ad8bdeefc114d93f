// SPDX-License-Identifier: MIT
import DMABuf

/// The changes from one census to a later one.
struct StatDifference: Report, Encodable {
  struct Totals: Encodable {
    let buffers: Int
    let bytes: Int64
    /// Descriptors of buffers, and sync_files.
    let descriptors: Int

    var areZero: Bool { buffers == 0 && bytes == 0 && descriptors == 0 }
  }

  let schema = "dmabuf.stat-diff/1"
  let time: UInt64
  let since: UInt64
  /// Whether the machine was rebooted. Then all earlier buffers are gone, even if a new one has the same inode number.
  let isRestarted: Bool
  let new: [StatSnapshot.Buffer]
  let gone: [StatSnapshot.Buffer]
  let processes: [StatSnapshot.Process]
  let totals: Totals
  @Nullable var verdict: LeakVerdict?

  enum CodingKeys: String, CodingKey {
    case schema, new, gone, processes, totals
    case time = "time_ns"
    case since = "since_ns"
    case isRestarted = "restarted"
    case verdict = "growth"
  }

  init(from before: StatSnapshot, to after: StatSnapshot, limit: GrowthLimit? = nil) {
    time = after.time
    since = before.time
    isRestarted = after.isRestarted(since: before)
    let old = isRestarted ? [] : Set(before.buffers.map(\.ino))
    let now = isRestarted ? [] : Set(after.buffers.map(\.ino))
    new = after.buffers.filter { !old.contains($0.ino) }
    gone = before.buffers.filter { !now.contains($0.ino) }
    processes = Self.processes(from: before.processes, to: after.processes, isRestarted: isRestarted)
    totals = Totals(
      buffers: after.totals.buffers - before.totals.buffers,
      bytes: Int64(clamping: after.totals.bytes) - Int64(clamping: before.totals.bytes),
      descriptors: after.descriptors - before.descriptors)
    let growth = after.counts - before.counts
    verdict = limit.map { LeakVerdict(growth, limit: $0) }
  }

  /// The processes that have changed, the largest growth first. A process id may have been reused.
  private static func processes(
    from before: [StatSnapshot.Process], to after: [StatSnapshot.Process], isRestarted: Bool
  ) -> [StatSnapshot.Process] {
    let old = Dictionary(before.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary(after.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
    var changes: [StatSnapshot.Process] = []
    for pid in Set(old.keys).union(now.keys) {
      if let one = old[pid], let two = now[pid], one.comm == two.comm, !isRestarted {
        changes.append(.init(pid, two.comm, from: one, to: two))
      } else {
        if let one = old[pid] { changes.append(.init(pid, one.comm, from: one, to: nil)) }
        if let two = now[pid] { changes.append(.init(pid, two.comm, from: nil, to: two)) }
      }
    }
    return changes.filter(\.isChange).sorted { one, two in
      (one.bytes, one.descriptors + one.syncFiles, two.pid) > (two.bytes, two.descriptors + two.syncFiles, one.pid)
    }
  }
}

extension StatSnapshot.Process {
  init(_ pid: Int32, _ comm: String?, from old: StatSnapshot.Process?, to now: StatSnapshot.Process?) {
    self.init(
      pid: pid, comm: comm, buffers: (now?.buffers ?? 0) - (old?.buffers ?? 0),
      bytes: (now?.bytes ?? 0) - (old?.bytes ?? 0),
      descriptors: (now?.descriptors ?? 0) - (old?.descriptors ?? 0),
      mappings: (now?.mappings ?? 0) - (old?.mappings ?? 0), syncFiles: (now?.syncFiles ?? 0) - (old?.syncFiles ?? 0),
      syncObjects: [old, now].allSatisfy { $0.map { $0.syncObjects != nil } ?? true }
        ? (now?.syncObjects ?? 0) - (old?.syncObjects ?? 0) : nil)
  }

  var isChange: Bool {
    buffers != 0 || bytes != 0 || descriptors != 0 || mappings != 0 || syncFiles != 0 || syncObjects ?? 0 != 0
  }

  /// Whether the process has grown in one of these quantities.
  func hasGrown(in kinds: [GrowthLimit.Kind]) -> Bool {
    kinds.contains { kind in
      switch kind {
      case .bytes: bytes > 0
      case .descriptors: descriptors > 0
      case .mappings: mappings > 0
      case .syncFiles: syncFiles > 0
      case .syncObjects: syncObjects ?? 0 > 0
      case .kernelHeld: false
      }
    }
  }
}

// MARK: Text

extension StatDifference {
  func text(style: Style) -> String {
    var lines: [String] = []
    let rows = new.map { ("+", $0) } + gone.map { ("-", $0) }
    if !rows.isEmpty, verdict == nil {
      var table = Table(
        .init(""), .init("INO", .right), .init("SIZE", .right), .init("EXPORTER"), .init("NAME"), .init("PROCESSES"))
      table.rows = rows.map { sign, buffer in
        [
          sign, "\(buffer.ino)", buffer.size.map(Units.size) ?? "?", escaped(buffer.exporter) ?? "?",
          escaped(buffer.name) ?? (buffer.isNamed == false ? "-" : "?"), holders(of: buffer),
        ]
      }
      lines += table.lines(style: style)
    }
    let changed = verdict.map { verdict in processes.filter { $0.hasGrown(in: verdict.grown) } } ?? processes
    if !changed.isEmpty { lines += table(of: changed).lines(style: style) }
    let interval =
      Units.time(time >= since ? time - since : 0) + (isRestarted ? ", since when the machine restarted" : "")
    if let verdict { return (lines + verdict.details + [verdict.sentence(in: interval)]).joined(separator: "\n") }
    let counts = [
      counted(totals.buffers, "buffer"), size(totals.bytes), counted(totals.descriptors, "descriptor"),
    ].joined(separator: ", ")
    lines.append("\(lines.isEmpty && totals.areZero ? "unchanged" : counts) in \(interval)")
    return lines.joined(separator: "\n")
  }

  private func table(of processes: [StatSnapshot.Process]) -> Table {
    let hasSyncObjects = processes.contains { $0.syncObjects ?? 0 != 0 }
    var table = Table(
      [
        .init("PID", .right), .init("COMMAND"), .init("BUFFERS", .right), .init("SIZE", .right), .init("FDS", .right),
        .init("MAPS", .right), .init("SYNC_FILES", .right),
      ] + (hasSyncObjects ? [.init("SYNCOBJS", .right)] : []))
    table.rows = processes.map { process in
      [
        "\(process.pid)", escaped(process.comm) ?? "?", signed(process.buffers), size(process.bytes),
        signed(process.descriptors), signed(process.mappings), signed(process.syncFiles),
      ] + (hasSyncObjects ? [process.syncObjects.map(signed) ?? "?"] : [])
    }
    return table
  }

  private func holders(of buffer: StatSnapshot.Buffer) -> String {
    let seen = buffer.processes.map { Units.process($0.comm, $0.pid) }
    return (seen + (buffer.areHoldersKnown == false ? ["?"] : [])).joined(separator: " ")
  }

  private func escaped(_ text: String?) -> String? { text.map { UntrustedText($0.utf8).escaped } }

  private func counted(_ number: Int, _ noun: String) -> String {
    "\(signed(number)) \(noun)\(number.magnitude == 1 ? "" : "s")"
  }
  private func signed(_ number: Int) -> String { number > 0 ? "+\(number)" : "\(number)" }

  private func size(_ bytes: Int64) -> String {
    (bytes < 0 ? "-" : bytes > 0 ? "+" : "") + Units.size(bytes.magnitude)
  }
}

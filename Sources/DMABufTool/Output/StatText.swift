// SPDX-License-Identifier: MIT
import DMABuf

extension StatReport {
  func text(style: Style) -> String {
    let table = view.isGrid ? grid() : table()
    let body = table.rows.isEmpty ? reasonForNoRows : table.lines(style: style)
    return (body + total()).joined(separator: "\n")
  }

  private func table() -> Table {
    switch view.grouping {
    case .buffer:
      return Self.bufferFields.table(buffers, view.columns ?? defaultColumns)
    case .process:
      return Self.processFields.table(view.arranged(processes), view.columns)
    case .exporter, .device, .name, .unit, .user:
      return view.groupFields.table(view.arranged(groups?.groups ?? []), view.columns)
    }
  }

  /// The line in place of an empty table, if there are buffers.
  private var reasonForNoRows: [String] {
    guard totals.buffers > 0, view.grouping == .process else { return [] }
    return [areHoldersKnown ? "no process holds a buffer" : "no process that can be read holds a buffer"]
  }

  private var defaultColumns: [StatColumn]? {
    if view.isKernelHeld { return [.ino, .size, .exporter, .name, .count, .devices, .fences, .heldBy] }
    return view.showsFences
      ? [.ino, .size, .exporter, .name, .count, .fds, .maps, .other, .devices, .fences, .processes] : nil
  }

  /// A grid of buffers and processes, with descriptors and mappings in each cell.
  private func grid() -> Table {
    let holders = view.grouping == .process ? view.arranged(processes) : processes.filter { $0.buffers > 0 }
    var table = Table(
      [.init("INO", .right), .init("SIZE", .right), .init("NAME")]
        + holders.map { .init(Units.process($0.comm, $0.pid), .right) })
    table.rows = buffers.map { buffer in
      let shares = Dictionary(
        uniqueKeysWithValues: buffer.processes.map { ($0.pid, "\($0.fds.count)+\($0.mappings)") })
      return ["\(buffer.ino)", buffer.size.map(Units.size) ?? "?", buffer.label ?? "?"]
        + holders.map { shares[$0.pid] ?? "·" }
    }
    return table
  }

  /// The totals, with the limits of their meaning.
  private func total() -> [String] {
    var line = (areTotalsExact ? "" : "at least ") + Self.sum(totals.buffers, totals.bytes)
    if buffers.count < totals.buffers { line += "; \(buffers.count) shown" }
    if let held = totals.kernelHeld, held.buffers > 0, !view.isKernelHeld {
      line += "; of these \(Self.sum(held.buffers, held.bytes)) held by no process"
    }
    let unknown = totals.holdersUnknown
    if unknown.buffers > 0 { line += "; holders of \(Self.sum(unknown.buffers, unknown.bytes)) unknown" }
    if totals.undecided.buffers > 0 { line += "; " + totals.undecided.description }
    let syncFiles = processes.reduce(0) { $0 + $1.syncFiles }
    if syncFiles > 0, view.grouping == .process { line += "; \(Units.count(syncFiles, "sync_file"))" }
    let repeated = totals.repeatable
    guard repeated.buffers > 1 else { return [line] }
    return [
      line,
      "\(Self.sum(repeated.buffers, repeated.bytes)) exported by V4L2 queues: each export counts as a buffer, even of the same memory",
    ]
  }

  /// Whether the totals cover all buffers, each of known size.
  private var areTotalsExact: Bool { totals.areComplete && totals.sizesUnknown == 0 }

  static func sum(_ buffers: Int, _ bytes: UInt64) -> String {
    "\(Units.count(buffers, "buffer")), \(Units.size(bytes))"
  }
}

extension StatReport.Undecided: CustomStringConvertible {
  /// `2 buffers of unknown name not shown`.
  var description: String {
    let names = StatSelection.Fact.allCases.filter(facts.contains).map(\.rawValue).joined(separator: " or ")
    return "\(Units.count(buffers, "buffer")) of unknown \(names) not shown"
  }
}

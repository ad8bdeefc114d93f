// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// The contents of `top`, and their changes by keys. The value is independent of the terminal.
struct TopScreen {
  private(set) var view: StatView
  private(set) var filter = ""
  private(set) var isFiltering = false
  private(set) var isPaused = false
  private(set) var hasEnded = false
  private var firstRow = 0
  private var report: StatReport?
  /// The total size at each sample, the latest last.
  private var history: [UInt64] = []

  init(_ grouping: StatView.Grouping) { view = StatView(grouping) }

  mutating func show(_ report: StatReport) {
    self.report = report
    history = history.suffix(499) + [report.totals.bytes]
  }

  // MARK: Keys

  mutating func press(_ key: Terminal.Key, rows: Int) {
    if isFiltering { return edit(key) }
    switch key {
    case .character("q"): hasEnded = true
    case .character("b"): change(to: .buffer)
    case .character("p"): change(to: .process)
    case .character("s"): view.sort = nextColumn()
    case .character("r"): view.isReversed.toggle()
    case .character("/"): isFiltering = true
    case .character(" "): isPaused.toggle()
    case .escape: filter = ""
    case .down, .character("j"): scroll(by: 1)
    case .up, .character("k"): scroll(by: -1)
    case .pageDown: scroll(by: rows / 2)
    case .pageUp: scroll(by: -rows / 2)
    default: break
    }
  }

  private mutating func edit(_ key: Terminal.Key) {
    switch key {
    case .character(let character): filter.append(character)
    case .backspace: _ = filter.popLast()
    case .enter: isFiltering = false
    case .escape:
      filter = ""
      isFiltering = false
    default: break
    }
    firstRow = 0
  }

  private mutating func change(to grouping: StatView.Grouping) {
    guard view.grouping != grouping else { return }
    view = StatView(grouping)
    firstRow = 0
  }

  private mutating func scroll(by rows: Int) {
    firstRow = max(0, min(firstRow + rows, self.rows.count - 1))
  }

  /// The next column to sort by. After the last column the default order follows: the largest first.
  private func nextColumn() -> StatColumn? {
    let columns = view.columnNames.usual
    guard let sort = view.sort else { return columns.first }
    return columns.firstIndex(of: sort).flatMap { $0 + 1 < columns.count ? columns[$0 + 1] : nil }
  }

  // MARK: Drawing

  func lines(columns: Int, rows: Int, isColored: Bool) -> [String] {
    guard let report else { return [] }
    let style = Style(isColored: isColored, width: columns)
    var lines = [style.bold(style.fit(heading(report))), style.fit(sparkline(columns))]
    // Each row is one line here, so long rows are truncated.
    let table = table.lines(style: Style(isColored: false, width: nil)).map { style.fit($0) }
    lines += table.prefix(1).map { style.bold($0) }
    // At the last row, the last page stays full.
    let room = max(0, rows - lines.count - 1)
    let first = max(0, min(firstRow, table.count - 1 - room))
    lines += table.dropFirst(1 + first).prefix(room)
    lines += Array(repeating: "", count: max(0, rows - 1 - lines.count))
    return lines.prefix(max(0, rows - 1)) + [style.fit(footer)]
  }

  private var table: Table {
    switch view.grouping {
    case .process: StatReport.processFields.table(processes, nil)
    default: StatReport.bufferFields.table(buffers, nil)
    }
  }

  private var rows: [[String]] { table.rows }

  private var buffers: [StatReport.Buffer] {
    let all = view.arranged(report?.buffers ?? [])
    guard !filter.isEmpty else { return all }
    return all.filter { buffer in
      matches([
        "\(buffer.ino)", buffer.name?.escaped ?? "", buffer.exporter?.escaped ?? "",
        buffer.processes.map { "\($0.comm?.escaped ?? "")(\($0.pid))" }.joined(separator: " "),
      ])
    }
  }

  private var processes: [StatReport.Process] {
    let all = view.arranged(report?.processes ?? [])
    guard !filter.isEmpty else { return all }
    return all.filter { matches(["\($0.pid)", $0.comm?.escaped ?? "", $0.unit?.escaped ?? ""]) }
  }

  private func matches(_ texts: [String]) -> Bool {
    texts.contains { $0.lowercased().contains(filter.lowercased()) }
  }

  private func heading(_ report: StatReport) -> String {
    var parts = [StatReport.sum(report.totals.buffers, report.totals.bytes)]
    if !report.totals.areComplete { parts[0] = "at least " + parts[0] }
    if let held = report.totals.kernelHeld { parts.append("\(held.buffers) held by no process") }
    let unknown = report.totals.holdersUnknown.buffers
    if unknown > 0 { parts.append("holders of \(unknown) unknown") }
    if report.totals.undecided.buffers > 0 { parts.append(report.totals.undecided.description) }
    if report.unverifiedMappings > 0 { parts.append("\(report.unverifiedMappings) mappings unverified") }
    let syncFiles = report.processes.reduce(0) { $0 + $1.syncFiles }
    parts.append("\(Units.count(syncFiles, "sync_file"))")
    if report.unreadableProcesses > 0 { parts.append("\(report.unreadableProcesses) processes unreadable") }
    let sources = report.sources.filter(\.used).map(\.name).joined(separator: "+")
    return "dmabuf top (\(sources)): " + parts.joined(separator: ", ") + (isPaused ? " [paused]" : "")
  }

  /// The total size over time, scaled from 0 to the maximum.
  private func sparkline(_ columns: Int) -> String {
    let bars = Array("▁▂▃▄▅▆▇█")
    let most = history.max() ?? 0
    let label = " \(Units.size(most)) at most"
    let shown = history.suffix(max(0, columns - label.count))
    return shown.map { most == 0 ? "▁" : String(bars[Int(Double($0) / Double(most) * 7)]) }.joined() + label
  }

  private var footer: String {
    if isFiltering { return "filter: \(UntrustedText(filter.utf8).escaped)_   enter applies it, escape clears it" }
    let shown = filter.isEmpty ? "" : "filter: \(UntrustedText(filter.utf8).escaped)   "
    let direction = view.isReversed ? "forward" : "reverse"
    return shown
      + "q quit  b buffers  p processes  s by \((view.sort ?? .size).rawValue)  r \(direction)  / filter  space pause  ↑↓"
  }
}

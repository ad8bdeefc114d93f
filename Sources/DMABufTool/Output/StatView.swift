// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHost

/// The layout of a census: the kind of rows, their columns, their order and their number.
struct StatView {
  enum Grouping: String, Choice {
    case buffer, process, exporter, device, name, unit, user

    /// The column that identifies a row.
    fileprivate var column: StatColumn {
      switch self {
      case .buffer: .ino
      case .process: .pid
      case .exporter: .exporter
      case .device: .device
      case .name: .name
      case .unit: .unit
      case .user: .user
      }
    }
  }

  var grouping: Grouping
  /// The columns; `nil` for the default ones.
  var columns: [StatColumn]?
  var sort: StatColumn?
  var isReversed = false
  var top: Int?
  var isKernelHeld = false
  var showsFences = false
  /// Whether to show a grid of buffers and processes.
  var isGrid = false

  init(_ grouping: Grouping = .buffer) { self.grouping = grouping }

  /// Parses columns and order. Throws a usage error if the rows do not have such a column.
  init(_ grouping: Grouping, columns: String?, sort: String?) throws {
    self.init(grouping)
    self.columns = try columns.map(columnNames.listed)
    self.sort = try sort.map { try columnNames.named($0, for: "--sort <COLUMN>") }
  }

  var columnNames: ColumnNames {
    switch grouping {
    case .buffer: StatReport.bufferFields.columns
    case .process: StatReport.processFields.columns
    case .exporter, .device, .name, .unit, .user: groupFields.columns
    }
  }

  var groupFields: Fields<StatReport.Group> { StatReport.groupFields(grouping.column) }

  /// The buffers in the chosen order, limited to the chosen number. By default the largest come first, because they
  /// explain the memory use.
  func arranged(_ buffers: [StatReport.Buffer]) -> [StatReport.Buffer] {
    let largest = buffers.sorted { ($0.size ?? 0, $1.ino) > ($1.size ?? 0, $0.ino) }
    return arranged(largest, StatReport.bufferFields, .buffer)
  }

  func arranged(_ processes: [StatReport.Process]) -> [StatReport.Process] {
    let largest = processes.sorted { ($0.bytes, $0.syncFiles, $1.pid) > ($1.bytes, $1.syncFiles, $0.pid) }
    return arranged(largest, StatReport.processFields, .process)
  }

  func arranged(_ groups: [StatReport.Group]) -> [StatReport.Group] { arranged(groups, groupFields, grouping) }

  private func arranged<Row>(_ rows: [Row], _ fields: Fields<Row>, _ kind: Grouping) -> [Row] {
    guard grouping == kind else { return rows }
    let sorted = fields.sorted(rows, by: sort, isReversed: isReversed)
    return top.map { Array(sorted.prefix($0)) } ?? sorted
  }
}

// MARK: Columns

extension StatReport {
  static let bufferFields = Fields<Buffer>(all: [
    .number(.ino, "INO") { $0.ino },
    .number(.size, "SIZE", { $0.size }, as: Units.size),
    .text(.exporter, "EXPORTER") { $0.exporter?.escaped },
    .text(.name, "NAME") { $0.label },
    .number(.count, "COUNT") { $0.count },
    .number(.fds, "FDS") { $0.hasUnknownHolders ? nil : UInt64($0.descriptors) },
    .number(.maps, "MAPS") { $0.hasUnknownHolders ? nil : UInt64($0.mappings) },
    .number(.other, "OTHER") { $0.otherReferences },
    .number(.age, "AGE", isUsual: false, { $0.age }, as: Units.age),
    .text(.owner, "OWNER", isUsual: false) { $0.owner.map(userName) },
    .text(.devices, "DEVICES", isUsual: false) { $0.devices.map { listed($0.map(\.escaped)) } },
    .text(.fences, "FENCES", isUsual: false) { $0.fences.map { listed($0.map(\.summary)) } },
    .text(.heldBy, "HELD BY", isUsual: false) { $0.heldByText },
    .text(.references, "REFERENCES", isUsual: false) { $0.references.map { listed($0.map(\.summary)) } },
    .text(.sources, "SOURCES", isUsual: false) { $0.sources.joined(separator: ",") },
    .text(.processes, "PROCESSES") { $0.holderList },
  ])

  static let processFields = Fields<Process>(all: [
    .number(.pid, "PID") { UInt64($0.pid) },
    .text(.command, "COMMAND") { $0.comm?.escaped },
    .text(.user, "USER") { $0.uid.map(userName) },
    .text(.unit, "UNIT", none: "-") { $0.unit?.escaped },
    .text(.cgroup, "CGROUP", isUsual: false) { $0.cgroup?.escaped },
    .number(.buffers, "BUFFERS") { UInt64($0.buffers) },
    .number(.size, "SIZE", { $0.bytes }, as: Units.size),
    .number(.share, "SHARE", { $0.share }, as: Units.size),
    .number(.fds, "FDS") { UInt64($0.descriptors) },
    .number(.maps, "MAPS") { UInt64($0.mappings) },
    .number(.syncs, "SYNC_FILES") { UInt64($0.syncFiles) },
    .number(.syncobjs, "SYNCOBJS", isUsual: false) { UInt64($0.syncObjects) },
    Field(
      column: .limit, title: "LIMIT", alignment: .right, isUsual: false,
      text: { "\($0.openFiles.map(String.init) ?? "?")/\($0.openFileLimit.map(String.init) ?? "?")" },
      key: { $0.fullness.map { .number($0) } ?? .unknown }),
  ])

  static func groupFields(_ column: StatColumn) -> Fields<Group> {
    Fields(all: [
      .text(column, column.rawValue.uppercased()) { $0.text },
      .number(.buffers, "BUFFERS") { UInt64($0.buffers) },
      .number(.size, "SIZE", { $0.bytes }, as: Units.size),
      .number(.processes, "PROCESSES") {
        $0.areProcessesKnown || !$0.processes.isEmpty ? UInt64($0.processes.count) : nil
      },
    ])
  }

  private static func listed(_ words: [String]) -> String { words.isEmpty ? "-" : words.joined(separator: " ") }

  static func userName(_ number: UInt32) -> String { Users.name(of: number) ?? "\(number)" }
}

extension StatReport.Process {
  /// The number of open files relative to the limit, in thousandths.
  var fullness: UInt64? {
    guard let openFiles, let openFileLimit, openFileLimit > 0 else { return nil }
    return openFiles.multipliedReportingOverflow(by: 1000).partialValue / openFileLimit
  }
}

extension StatReport.Fence {
  /// `write:vgem/unbound#1`, followed by `!` if the fence is pending.
  var summary: String {
    let place = [driver?.escaped, timeline?.escaped].compactMap(\.self).joined(separator: "/")
    return usage.escaped + ":" + place + (seqno.map { "#\($0)" } ?? "") + (status == "active" ? "!" : "")
  }
}

extension StatReport.Buffer {
  /// The name as a table prints it: `-` for none, `nil` for unknown.
  var label: String? {
    guard let name else { return isNamed == false ? "-" : nil }
    return name.bytes.isEmpty ? "\"\"" : name.escaped
  }

  /// `cam(42) sh(7)`, followed by `?` if there may be more.
  var holderList: String {
    let seen = processes.map { Units.process($0.comm, $0.pid) }
    return (seen + (areHoldersKnown || isOfSomeProcesses ? [] : ["?"])).joined(separator: " ")
  }

  /// The references to a buffer that no process holds, in words.
  var heldByText: String? {
    guard let heldBy else { return processes.isEmpty ? nil : "processes" }
    return heldBy.map { reference in
      switch reference {
      case .attachment:
        "attached to "
          + (references ?? []).filter { $0.kind == .attachment }.map(\.attachment).joined(separator: " ")
      case .pendingFence: "pending fence"
      case .unseen: unseen
      }
    }.joined(separator: "; ")
  }

  /// The possible places of a buffer whose references are invisible.
  private var unseen: String {
    let owners = (references ?? []).filter { $0.kind == .message }.flatMap(\.processes)
    let place =
      owners.isEmpty ? "in flight over a socket" : "in a message to " + owners.map(\.text).joined(separator: " ")
    return "unseen: \(place), or imported without attachment"
  }
}

extension StatReport.Reference {
  /// `attachment:vgem`, `message:actor(42)`.
  var summary: String {
    switch kind {
    case .attachment: "attachment:" + attachment
    case .message: "message?:" + processes.map(\.text).joined(separator: ",")
    case .pendingFence: "poll?"
    case .unknown: "?"
    }
  }

  /// `vgem (open in actor(42))`.
  var attachment: String {
    let users = processes.map(\.text).joined(separator: " ")
    return (device?.escaped ?? "?") + (users.isEmpty ? "" : " (open in \(users))")
  }
}

extension StatReport.Owner {
  var text: String { Units.process(comm, pid) }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus

extension StatReport {
  /// The buffers that one process holds.
  struct Process {
    let pid: Int32
    let comm: UntrustedText?
    let uid: UInt32?
    let cgroup: UntrustedText?
    let unit: UntrustedText?
    /// The number of descriptors of all kinds, and the process's limit.
    let openFiles: UInt64?
    let openFileLimit: UInt64?
    var buffers = 0
    /// The sizes of the process's buffers. A shared buffer counts fully for each process.
    var bytes: UInt64 = 0
    /// The sum of each buffer's size divided by the number of processes that hold it. The shares of all processes add
    /// up to the size of all held buffers. Unknown if there may be other holders.
    var share: UInt64? = 0
    var descriptors = 0
    var mappings = 0
    var syncFiles = 0
    var syncObjects = 0

    init(_ process: Census.Process) {
      pid = process.pid
      comm = process.command
      uid = process.user
      cgroup = process.controlGroup?.path
      unit = process.controlGroup?.unit
      openFiles = process.openFiles
      openFileLimit = process.openFileLimit
      syncFiles = process.syncFiles
      syncObjects = process.syncObjects
    }
  }

  static func processes(
    _ buffers: [Buffer], _ holders: [Census.Process], isWhole: Bool
  ) -> [Process] {
    var processes = Dictionary(uniqueKeysWithValues: holders.map { ($0.pid, Process($0)) })
    for buffer in buffers {
      for holder in buffer.processes {
        processes[holder.pid]?.add(holder, of: buffer)
      }
    }
    return processes.values.filter { $0.buffers > 0 || isWhole && $0.syncFiles + $0.syncObjects > 0 }.sorted {
      $0.pid < $1.pid
    }
  }

  /// Buffers with a common property.
  struct Group {
    enum Key: Hashable {
      case named(UntrustedText)
      case user(UInt32)
      /// The property is absent.
      case none
      case unknown
    }

    let key: Key
    var buffers = 0
    var bytes: UInt64 = 0
    var processes: Set<Int32> = []
    /// Whether all processes of the group are known.
    var areProcessesKnown = true
  }

  struct Groups {
    let kind: StatView.Grouping
    private(set) var groups: [Group]

    init?(_ buffers: [Buffer], by kind: StatView.Grouping) {
      if kind == .buffer || kind == .process { return nil }
      var groups: [Group.Key: Group] = [:]
      for buffer in buffers {
        for (key, holders) in Self.keys(of: buffer, by: kind) {
          groups[key, default: Group(key: key)].add(buffer, holders)
        }
      }
      self.kind = kind
      let rows = groups.values.map { (text: $0.text, group: $0) }
      self.groups = rows.sorted { ($0.group.bytes, $1.text) > ($1.group.bytes, $0.text) }.map(\.group)
    }

    /// The groups of a buffer, each with the holders that belong to that group.
    private static func keys(of buffer: Buffer, by kind: StatView.Grouping) -> [Group.Key: [Holder]] {
      let all = buffer.processes
      switch kind {
      case .buffer, .process: return [:]
      case .exporter: return [buffer.exporter.map { .named($0) } ?? .unknown: all]
      case .name: return [buffer.name.map { .named($0) } ?? (buffer.isNamed == false ? .none : .unknown): all]
      case .device:
        guard let devices = buffer.devices else { return [.unknown: all] }
        if devices.isEmpty { return [.none: all] }
        return Dictionary(uniqueKeysWithValues: Set(devices).map { (.named($0), all) })
      case .unit, .user:
        if all.isEmpty { return [buffer.areHoldersKnown ? .none : .unknown: all] }
        return Dictionary(grouping: all) { kind == .unit ? $0.unit : $0.user }
      }
    }
  }
}

extension StatReport.Process {
  fileprivate mutating func add(_ holder: StatReport.Holder, of buffer: StatReport.Buffer) {
    let size = buffer.size ?? 0
    buffers += 1
    bytes = bytes.addingReportingOverflow(size).partialValue
    let part = buffer.areHoldersKnown ? buffer.size.map { $0 / UInt64(buffer.processes.count) } : nil
    share = share.flatMap { sum in part.map { sum.addingReportingOverflow($0).partialValue } }
    descriptors += holder.fds.count
    mappings += holder.mappings
  }
}

extension StatReport.Group {
  var text: String {
    switch key {
    case .named(let name): name.bytes.isEmpty ? "\"\"" : name.escaped
    case .user(let number): StatReport.userName(number)
    case .none: "-"
    case .unknown: "?"
    }
  }

  fileprivate mutating func add(_ buffer: StatReport.Buffer, _ holders: [StatReport.Holder]) {
    buffers += 1
    bytes = bytes.addingReportingOverflow(buffer.size ?? 0).partialValue
    processes.formUnion(holders.map(\.pid))
    if !buffer.areHoldersKnown, !buffer.isOfSomeProcesses { areProcessesKnown = false }
  }
}

extension StatReport.Holder {
  /// Groups by number. The name is looked up only once, when the group is printed.
  fileprivate var user: StatReport.Group.Key { uid.map { .user($0) } ?? .unknown }
}

extension StatReport.Group.Key {
  /// The name; `nil` if there is none, or if it is unknown.
  var string: String? {
    switch self {
    case .named(let name): name.string
    case .user(let number): StatReport.userName(number)
    case .none, .unknown: nil
    }
  }
}

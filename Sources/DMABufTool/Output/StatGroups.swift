import DMABuf

extension StatReport {
  /// What one process holds.
  struct Process {
    let pid: Int32
    let comm: UntrustedText?
    let uid: UInt32?
    let cgroup: UntrustedText?
    let unit: UntrustedText?
    var buffers = 0
    /// The sizes of its buffers: those it shares count wholly, here and in the other processes.
    var bytes: UInt64 = 0
    /// The size of each buffer divided by the number of processes that hold it: adds up to what processes hold.
    var share: UInt64 = 0
    var descriptors = 0
    var mappings = 0
    var syncFiles = 0

    init(_ process: Census.Process) {
      pid = process.pid
      comm = process.command
      uid = process.user
      cgroup = process.controlGroup?.path
      unit = process.controlGroup?.unit
      syncFiles = process.syncFiles
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
    return processes.values.filter { $0.buffers > 0 || isWhole && $0.syncFiles > 0 }.sorted { $0.pid < $1.pid }
  }

  /// Buffers that have something in common.
  struct Group {
    /// The name they have in common, `nil` if that is to have none.
    let key: UntrustedText?
    var buffers = 0
    var bytes: UInt64 = 0
    var processes: Set<Int32> = []
  }

  /// Groups of one kind.
  struct Groups {
    let kind: StatView.Grouping
    private(set) var groups: [Group]

    init?(_ buffers: [Buffer], by kind: StatView.Grouping) {
      var groups: [UntrustedText?: Group] = [:]
      for buffer in buffers {
        let keys: [UntrustedText?]
        switch kind {
        case .buffer, .process: return nil
        case .exporter: keys = [buffer.exporter]
        case .name: keys = [buffer.name]
        case .device: keys = Set(buffer.devices ?? []).map(Optional.some)
        }
        for key in keys { groups[key, default: Group(key: key)].add(buffer) }
      }
      if kind == .buffer || kind == .process { return nil }
      self.kind = kind
      self.groups = groups.values.sorted { ($0.bytes, $1.text) > ($1.bytes, $0.text) }
    }
  }
}

extension StatReport.Process {
  fileprivate mutating func add(_ holder: StatReport.Holder, of buffer: StatReport.Buffer) {
    let size = buffer.size ?? 0
    buffers += 1
    bytes = bytes.addingReportingOverflow(size).partialValue
    share = share.addingReportingOverflow(size / UInt64(buffer.processes.count)).partialValue
    descriptors += holder.fds.count
    mappings += holder.mappings
  }
}

extension StatReport.Group {
  var text: String { key.map { $0.bytes.isEmpty ? "\"\"" : $0.escaped } ?? "-" }

  fileprivate mutating func add(_ buffer: StatReport.Buffer) {
    buffers += 1
    bytes = bytes.addingReportingOverflow(buffer.size ?? 0).partialValue
    processes.formUnion(buffer.processes.map(\.pid))
  }
}

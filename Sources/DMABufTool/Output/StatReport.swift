import DMABuf

/// The census as `stat` shows it.
struct StatReport {
  struct Source {
    let name: String
    let used: Bool
    /// Why it was not used, or not to its end.
    let reason: String?
  }

  struct Buffer {
    let ino: UInt64
    let size: UInt64?
    let exporter: UntrustedText?
    let name: UntrustedText?
    let count: UInt64?
    /// The user who made it.
    let owner: UInt32?
    /// Since it was made, in nanoseconds.
    let age: UInt64?
    let descriptors: Int
    let mappings: Int
    let processes: [Holder]
    let devices: [UntrustedText]?
    let fences: [Fence]?
    /// What keeps a buffer that no process holds.
    let heldBy: [Keeper]?
    let sources: [String]
  }

  struct Holder {
    let pid: Int32
    let comm: UntrustedText?
    let fds: [Int32]
    let mappings: Int
  }

  struct Fence {
    let usage: UntrustedText
    let driver: UntrustedText?
    let timeline: UntrustedText?
    let context: UInt64?
    let seqno: UInt64?
    let status: String
  }

  /// What keeps a buffer that no process holds.
  enum Keeper: String {
    /// A device is attached to it.
    case attachment
    /// A fence on it is pending: an armed poll keeps the buffer until then.
    case pendingFence = "pending-fence"
    /// Nothing that the kernel shows: a message nobody has received, or an importer that does not attach.
    case unseen
  }

  struct Totals {
    let buffers: Int
    /// The sizes of these buffers. The same memory counts once for each buffer made of it.
    let bytes: UInt64
    /// Exports of V4L2 queues: each `VIDIOC_EXPBUF` makes one more buffer of the same memory.
    let repeatable: Sum
    /// Those no process holds; unknown when processes could not be read, or nothing lists all buffers.
    let kernelHeld: Sum?
  }

  struct Sum {
    let buffers: Int
    let bytes: UInt64

    init(_ buffers: [Buffer]) {
      self.buffers = buffers.count
      bytes = buffers.reduce(0) { $0.addingReportingOverflow($1.size ?? 0).partialValue }
    }
  }

  let schema = "dmabuf.stat/1"
  /// When it was taken: nanoseconds since 1970.
  let time: UInt64
  /// Which run of the machine it is of: inode numbers begin anew with each.
  let boot: String?
  let sources: [Source]
  let unreadableProcesses: Int
  let buffers: [Buffer]
  let processes: [Process]
  /// Present when rows are asked for by exporter, device or name.
  let groups: Groups?
  let totals: Totals
  /// How it is drawn.
  let view: StatView

  init(_ census: Census, _ selection: StatSelection, _ view: StatView) {
    self.view = view
    time = census.time
    boot = census.boot
    sources = Census.Source.allCases.map {
      Source(name: $0.rawValue, used: census.used.contains($0), reason: census.reason(for: $0))
    }
    unreadableProcesses = census.refused.count
    let chosen = census.buffers
      .compactMap { selection.select($0, processes: census.processes) }
      .map { Buffer($0, in: census) }
    processes = Self.processes(chosen, census.processes.values.filter(selection.select), isWhole: selection.isWhole)
    groups = Groups(chosen, by: view.grouping)
    totals = Totals(
      buffers: chosen.count, bytes: Sum(chosen).bytes,
      repeatable: Sum(chosen.filter { $0.exporter?.bytes.starts(with: "videobuf2".utf8) ?? false }),
      kernelHeld: census.listsAllBuffers && census.tellsOfProcesses && census.refused.isEmpty
        ? Sum(chosen.filter(\.processes.isEmpty)) : nil)
    buffers = view.arranged(chosen)
  }
}

extension StatReport.Buffer {
  init(_ buffer: Census.Buffer, in census: Census) {
    self.init(
      ino: buffer.inode, size: buffer.size, exporter: buffer.exporter, name: buffer.name,
      count: buffer.count, owner: buffer.owner,
      age: buffer.created.map { census.time > $0 ? census.time - $0 : 0 },
      descriptors: buffer.holders.reduce(0) { $0 + $1.descriptors.count },
      mappings: buffer.holders.reduce(0) { $0 + $1.mappings },
      processes: buffer.holders.map {
        StatReport.Holder(
          pid: $0.pid, comm: census.processes[$0.pid]?.command, fds: $0.descriptors, mappings: $0.mappings)
      },
      devices: buffer.devices, fences: buffer.fences?.map(StatReport.Fence.init),
      heldBy: Self.keepers(of: buffer), sources: buffer.sources.map(\.rawValue).sorted())
  }

  private static func keepers(of buffer: Census.Buffer) -> [StatReport.Keeper]? {
    guard buffer.holders.isEmpty, let devices = buffer.devices, let fences = buffer.fences else { return nil }
    var keepers: [StatReport.Keeper] = []
    if !devices.isEmpty { keepers.append(.attachment) }
    if fences.contains(where: { !$0.isSignalled }) { keepers.append(.pendingFence) }
    return keepers.isEmpty ? [.unseen] : keepers
  }
}

extension StatReport.Fence {
  init(_ fence: Census.Fence) {
    self.init(
      usage: fence.usage, driver: fence.driver, timeline: fence.timeline, context: fence.context,
      seqno: fence.sequence, status: fence.isSignalled ? "signalled" : "active")
  }
}

extension Census {
  /// Why a source was not used, or not to its end.
  func reason(for source: Source) -> String? {
    if let failure = failures[source] { return "\(failure)" }
    switch omitted[source] {
    case .notRequested: return "not asked for"
    case .machineWide: return "tells of the whole machine, not of processes"
    case .costly: return "stalls the machine; read with --fences, --kernel-held and --by device"
    case .unneeded: return "not needed: the others tell as much for less"
    case .privileged: return "needs root"
    case nil: return nil
    }
  }
}

extension StatSelection {
  /// Are all buffers meant? Then processes without any are, too: they may hold sync_files.
  var isWhole: Bool {
    inodes == nil && exporter == nil && namePattern == nil && minimumSize == 0 && !isKernelHeld
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus

struct StatReport: Report {
  struct Source {
    let name: String
    let used: Bool
    /// The reason why the source was not read, or not completely.
    let reason: String?
  }

  struct Buffer {
    let ino: UInt64
    let size: UInt64?
    let exporter: UntrustedText?
    let name: UntrustedText?
    let count: UInt64?
    /// The user who created the buffer.
    let owner: UInt32?
    /// The time since the buffer was created, in nanoseconds.
    let age: UInt64?
    let descriptors: Int
    let mappings: Int
    let processes: [Holder]
    /// Whether these are all processes that hold the buffer.
    let areHoldersKnown: Bool
    /// Whether the census covers only some processes.
    let isOfSomeProcesses: Bool
    /// References that are neither descriptors nor mappings.
    let otherReferences: UInt64?
    let isNamed: Bool?
    /// The fields that the kernel's text leaves ambiguous.
    let doubts: [String]
    let devices: [UntrustedText]?
    let fences: [Fence]?
    /// The references to a buffer that no process holds.
    let heldBy: [KernelReference]?
    /// The possible references other than descriptors and mappings; `nil` if these were not determined.
    let references: [Reference]?
    let sources: [String]
  }

  struct Holder {
    let pid: Int32
    let comm: UntrustedText?
    let unit: Group.Key
    let uid: UInt32?
    let fds: [Int32]
    let mappings: Int

    init(_ holder: Census.Holder, _ process: Census.Process?) {
      pid = holder.pid
      comm = process?.command
      unit = process?.controlGroup.map { $0.unit.map { .named($0) } ?? .none } ?? .unknown
      uid = process?.user
      fds = holder.descriptors
      mappings = holder.mappings
    }
  }

  struct Fence {
    let usage: UntrustedText
    let driver: UntrustedText?
    let timeline: UntrustedText?
    let context: UInt64?
    let seqno: UInt64?
    let status: String
  }

  /// A reference to a buffer that no process holds.
  enum KernelReference: String {
    /// A device is attached to the buffer.
    case attachment
    /// A fence of the buffer is pending. An armed poll references the buffer until the fence signals.
    case pendingFence = "pending-fence"
    /// The kernel shows no reference: a message that was not received, or an importer that does not attach.
    case unseen
  }

  /// A possible reference that is neither a descriptor nor a mapping.
  struct Reference {
    enum Kind: String {
      /// A device is attached. The processes have one of its nodes open.
      case attachment
      /// A fence is pending. An armed poll references the buffer until the fence signals.
      case pendingFence = "pending-fence"
      /// The processes have not received messages that carry descriptors, perhaps of this buffer.
      case message
      case unknown
    }

    let kind: Kind
    var device: UntrustedText?
    var nodes: [String] = []
    var processes: [Owner] = []
  }

  struct Owner {
    let pid: Int32
    let comm: UntrustedText?
  }

  struct Totals {
    let buffers: Int
    /// The sizes of these buffers. Memory counts once for each buffer that was created from it.
    let bytes: UInt64
    /// Exports of V4L2 queues: each `VIDIOC_EXPBUF` creates one more buffer of the same memory.
    let repeatable: Sum
    /// Buffers that no process holds; `nil` if processes could not be read, or if no source lists all buffers.
    let kernelHeld: Sum?
    /// Buffers whose holders are not all known; empty for a census of some processes.
    let holdersUnknown: Sum
    /// Buffers that a filter could not decide, with the filtered properties.
    let undecided: Undecided
    let sizesUnknown: Int
    /// Whether the sources list all buffers, or all of the part that was requested.
    let areComplete: Bool
  }

  /// Buffers that a filter neither selects nor excludes, because the filtered property is unknown.
  struct Undecided {
    var buffers = 0
    var facts: Set<StatSelection.Fact> = []
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
  /// The time of the census, in nanoseconds since 1970.
  let time: UInt64
  /// The id of the boot. Inode numbers start again at each boot.
  let boot: String?
  let sources: [Source]
  let unreadableProcesses: Int
  let areHoldersKnown: Bool
  /// Whether a source lists all buffers of the machine, with or without holders.
  let listsAllBuffers: Bool
  /// The number of mappings that are named like a dma-buf but could not be verified.
  let unverifiedMappings: Int
  let buffers: [Buffer]
  let processes: [Process]
  /// The groups, if rows are neither buffers nor processes.
  let groups: Groups?
  let totals: Totals
  let view: StatView

  init(_ census: Census, _ selection: StatSelection, _ view: StatView) {
    self.view = view
    time = census.time
    boot = census.boot
    sources = Census.Source.allCases.map {
      Source(name: $0.rawValue, used: census.used.contains($0), reason: census.reason(for: $0))
    }
    unreadableProcesses = census.refused.count
    areHoldersKnown = census.seesAllProcesses
    listsAllBuffers = census.listsAllBuffers
    unverifiedMappings = census.unverified.values.reduce(0, +)
    var undecided = Undecided()
    var chosen: [Buffer] = []
    for buffer in census.buffers {
      switch selection.select(buffer, in: census) {
      case .included(let part): chosen.append(Buffer(part, of: buffer, in: census))
      case .excluded: break
      case .undecided(let fact):
        undecided.buffers += 1
        undecided.facts.insert(fact)
      }
    }
    processes = Self.processes(chosen, census.processes.values.filter(selection.select), isWhole: selection.isWhole)
    groups = Groups(chosen, by: view.grouping)
    totals = Totals(
      buffers: chosen.count, bytes: Sum(chosen).bytes,
      repeatable: Sum(chosen.filter { $0.exporter?.bytes.starts(with: "videobuf2".utf8) ?? false }),
      kernelHeld: census.listsAllBuffers && census.seesAllProcesses ? Sum(chosen.filter(\.processes.isEmpty)) : nil,
      holdersUnknown: Sum(census.isOfSomeProcesses ? [] : chosen.filter { !$0.areHoldersKnown }),
      undecided: undecided, sizesUnknown: chosen.count { $0.size == nil },
      areComplete: census.listsAllBuffers || census.isOfSomeProcesses || selection.inodes != nil)
    buffers = view.arranged(chosen)
  }
}

extension StatReport.Buffer {
  /// Creates a row. `part` has the requested holders, `buffer` all known ones.
  init(_ part: Census.Buffer, of buffer: Census.Buffer, in census: Census) {
    let descriptors = buffer.holders.reduce(0) { $0 + $1.descriptors.count }
    let mappings = buffer.holders.reduce(0) { $0 + $1.mappings }
    let (seen, count) = (UInt64(descriptors + mappings), buffer.count)
    // If every reference has been seen, all holders are known, even if some processes cannot be read.
    let isOnlyOne = !buffer.doubts.contains(.inode)
    areHoldersKnown = isOnlyOne && census.seesAllProcesses || count.map { $0 <= seen && seen > 0 } ?? false
    isOfSomeProcesses = census.isOfSomeProcesses
    // The count and the processes are read at different moments. If they contradict, the number is unknown.
    otherReferences = areHoldersKnown ? count.flatMap { $0 >= seen ? $0 - seen : nil } : nil
    ino = buffer.inode
    size = buffer.size
    exporter = buffer.exporter
    name = buffer.name
    isNamed = buffer.isNamed
    doubts = buffer.doubts.map(\.rawValue).sorted()
    self.count = count
    owner = buffer.owner
    age = buffer.created.map { census.time > $0 ? census.time - $0 : 0 }
    self.descriptors = part.holders.reduce(0) { $0 + $1.descriptors.count }
    self.mappings = part.holders.reduce(0) { $0 + $1.mappings }
    processes = part.holders.map { StatReport.Holder($0, census.processes[$0.pid]) }
    devices = buffer.devices
    fences = buffer.fences?.map(StatReport.Fence.init)
    heldBy = areHoldersKnown ? Self.kernelReferences(of: buffer) : nil
    references = otherReferences == 0 && !buffer.holders.isEmpty ? [] : Self.references(of: buffer, in: census)
    sources = buffer.sources.map(\.rawValue).sorted()
  }

  private static func references(of buffer: Census.Buffer, in census: Census) -> [StatReport.Reference]? {
    guard let known = census.otherReferences else { return nil }
    let owners = { (pids: [Int32]) in
      pids.sorted().map { StatReport.Owner(pid: $0, comm: census.processes[$0]?.command) }
    }
    var references = Set(buffer.devices ?? []).sorted { $0.escaped < $1.escaped }.map { device in
      StatReport.Reference(
        kind: .attachment, device: device, nodes: known.nodes[device] ?? [],
        processes: owners(known.users[device] ?? []))
    }
    if buffer.fences?.contains(where: { !$0.isSignalled }) ?? false { references.append(.init(kind: .pendingFence)) }
    if !known.messages.isEmpty {
      references.append(.init(kind: .message, processes: owners(Array(known.messages.keys))))
    }
    return references.isEmpty ? [.init(kind: .unknown)] : references
  }

  private static func kernelReferences(of buffer: Census.Buffer) -> [StatReport.KernelReference]? {
    guard buffer.holders.isEmpty, let devices = buffer.devices, let fences = buffer.fences else { return nil }
    var found: [StatReport.KernelReference] = []
    if !devices.isEmpty { found.append(.attachment) }
    if fences.contains(where: { !$0.isSignalled }) { found.append(.pendingFence) }
    return found.isEmpty ? [.unseen] : found
  }

  /// Whether no holder is known, but there may be some.
  var hasUnknownHolders: Bool { processes.isEmpty && !areHoldersKnown }
}

extension StatReport.Fence {
  init(_ fence: Census.Fence) {
    self.init(
      usage: fence.usage, driver: fence.driver, timeline: fence.timeline, context: fence.context,
      seqno: fence.sequence, status: fence.isSignalled ? "signalled" : "active")
  }
}

extension Census {
  /// The reason why a source was not read, or not completely.
  func reason(for source: Source) -> String? {
    if let failure = failures[source] { return "\(failure)" }
    switch omitted[source] {
    case .notRequested: return "not requested"
    case .machineWide: return "lists the whole machine, not single processes"
    case .costly: return "stalls allocations; read only with --fences, --kernel-held and --by device"
    case .unneeded: return "not needed: other sources list the same buffers faster"
    case .privileged: return "needs root"
    case nil: return nil
    }
  }
}

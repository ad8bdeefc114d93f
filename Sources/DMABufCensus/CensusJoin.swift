// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// Joins the data of all sources by inode number.
///
/// The kernel mounts its dma-buf file system once. So all dma-bufs have the same device number, and an inode number
/// identifies one buffer. The device number only distinguishes dma-bufs from files that imitate them.
struct CensusJoin {
  let proc: String
  /// Whether this is the running machine. In a recorded tree the kind of a file cannot be determined.
  let isLive: Bool
  /// The time at which the census began, on the clock of ``ProcessStatus/start``.
  private let begin = ProcessStatus.now
  private(set) var buffers: [UInt64: Census.Buffer] = [:]
  /// Further buffers with an inode number that another buffer has.
  private(set) var twins: [Census.Buffer] = []
  private(set) var processes: [Int32: Census.Process] = [:]
  private(set) var refused: [KernelError] = []
  /// The number of mappings, by process, that look like a dma-buf's but could not be verified.
  private(set) var unverified: [Int32: Int] = [:]
  private var device: UInt64?
  private var informed: Set<UInt64> = []

  init(root: String) {
    proc = root + "/proc"
    isLive = root.isEmpty
  }

  mutating func add(_ walks: [ProcessFiles]) {
    for walk in walks {
      for process in walk.processes { processes[process.pid] = process }
      for descriptor in walk.descriptors { add(descriptor) }
    }
    for walk in walks {
      for mapping in walk.mappings { add(mapping) }
      for (pid, count) in walk.syncFiles { process(pid) { $0.syncFiles += count } }
      for (pid, count) in walk.syncObjects { process(pid) { $0.syncObjects += count } }
    }
    sortHolders()
    refused += walks.flatMap(\.refused)
  }

  /// Adds a process and one of its buffers, as reported by an iterator in the kernel.
  mutating func add(
    holder pid: Int32, of buffer: @autoclosure () -> Census.Buffer, inode: UInt64, _ source: Census.Source,
    _ change: (inout Census.Holder) -> Void
  ) {
    if buffers[inode]?.count == nil { merge(buffer(), from: source) }
    buffers[inode]?.hold(by: pid, source, nil, change)
  }

  mutating func addSyncFile(_ pid: Int32) { process(pid) { $0.syncFiles += 1 } }

  mutating func addSyncObject(_ pid: Int32) { process(pid) { $0.syncObjects += 1 } }

  mutating func name(_ pid: Int32, _ command: UntrustedText) { process(pid) { $0.command = command } }

  /// Adds a process that holds nothing itself, unless it is known already.
  mutating func learn(_ process: Census.Process) {
    if processes[process.pid] == nil { processes[process.pid] = process }
  }

  mutating func sortHolders() {
    for inode in buffers.keys {
      buffers[inode]?.holders.sort { $0.pid < $1.pid }
      for index in buffers[inode]?.holders.indices ?? 0..<0 { buffers[inode]?.holders[index].descriptors.sort() }
    }
  }

  /// Adds a buffer from a source that lists the machine's buffers. Known fields stay.
  mutating func merge(_ other: Census.Buffer, from source: Census.Source) {
    buffers[other.inode, default: Census.Buffer(inode: other.inode)].fill(from: other, source)
  }

  /// Adds several rows with one inode number. The row that matches the known buffer is merged into it, the others
  /// become buffers of their own.
  mutating func merge(twins rows: [Census.Buffer], from source: Census.Source) {
    guard let first = rows.first else { return }
    let known = buffers[first.inode]
    let own = known.flatMap { known in rows.firstIndex { $0.isAlike(known) } } ?? 0
    for (index, row) in rows.enumerated() {
      var row = row
      row.doubts.insert(.inode)
      if index == own {
        merge(row, from: source)
      } else {
        row.sources = [source]
        twins.append(row)
      }
    }
  }

  /// Removes buffers without a holder that the list no longer contains when read again.
  mutating func confirmUnheld(by list: (any MachineList)?) {
    let unheld = Set(buffers.values.lazy.filter(\.holders.isEmpty).map(\.inode))
    guard !unheld.isEmpty, let list else { return }
    for inode in unheld.subtracting(list.stillListed(unheld)) { buffers[inode] = nil }
  }

  mutating func removeUnheld() { buffers = buffers.filter { !$0.value.holders.isEmpty } }

  // MARK: Descriptors and mappings

  private mutating func add(_ descriptor: ProcessFiles.Descriptor) {
    let identity = descriptor.identity
    if isLive, let identity, !isDMABuffer(descriptor, identity) { return }
    var inode = isLive ? identity?.inode : nil
    if inode.map({ !informed.contains($0) }) ?? true, let information = information(descriptor) {
      // Only the kernel's own fdinfo proves that the file is a dma-buf: the link may be the name of another file.
      guard let number = identity?.inode ?? information.inode else { return }
      inode = number
      informed.insert(number)
      buffers[number, default: Census.Buffer(inode: number)].learn(information)
    }
    guard let inode else { return }
    if let identity, let size = buffers[inode]?.size, size != identity.size {
      return addTwin(descriptor, identity)
    }
    buffers[inode, default: Census.Buffer(inode: inode)].hold(by: descriptor.pid, .procfs, identity) {
      $0.descriptors.append(descriptor.number)
    }
  }

  /// Adds a descriptor of a buffer that has the inode number of another buffer but another size.
  private mutating func addTwin(_ descriptor: ProcessFiles.Descriptor, _ identity: ProcessFiles.Identity) {
    buffers[identity.inode]?.doubts.insert(.inode)
    var index = twins.firstIndex { $0.inode == identity.inode && $0.size == identity.size }
    if index == nil {
      var twin = Census.Buffer(inode: identity.inode)
      twin.doubts.insert(.inode)
      if let information = information(descriptor) { twin.learn(information) }
      twins.append(twin)
      index = twins.count - 1
    }
    if let index {
      twins[index].hold(by: descriptor.pid, .procfs, identity) { $0.descriptors.append(descriptor.number) }
    }
  }

  private mutating func add(_ mapping: ProcessFiles.MappedRegion) {
    switch isDMABuffer(mapping) {
    case true: break
    case false: return
    case nil: return unverified[mapping.pid, default: 0] += 1
    }
    let isKnown = buffers[mapping.inode]?.size != nil && buffers[mapping.inode]?.created != nil
    let identity = isKnown ? nil : identity(mapping)
    buffers[mapping.inode, default: Census.Buffer(inode: mapping.inode)].hold(by: mapping.pid, .procfs, identity) {
      $0.mappings += 1
    }
  }

  /// Reads fdinfo. Returns `nil` for another buffer: the descriptor number may have been reused.
  private func information(_ descriptor: ProcessFiles.Descriptor) -> DescriptorInformation? {
    guard let text = try? SmallFile.read("\(proc)/\(descriptor.pid)/fdinfo/\(descriptor.number)"),
      let information = DescriptorInformation(parsing: text)
    else { return nil }
    guard isLive, let identity = descriptor.identity else { return information }
    let isSame = information.inode.map { $0 == identity.inode } ?? true
    return isSame && information.size == identity.size ? information : nil
  }

  // MARK: Distinguishing dma-bufs from files that imitate them

  private mutating func isDMABuffer(
    _ descriptor: ProcessFiles.Descriptor, _ identity: ProcessFiles.Identity
  ) -> Bool {
    if device == nil {
      learnDevice(
        from: "\(proc)/\(descriptor.pid)/fd/\(descriptor.number)", device: identity.device, inode: identity.inode)
    }
    return device == identity.device
  }

  /// Whether the mapping is of a dma-buf; `nil` if unknown.
  private mutating func isDMABuffer(_ mapping: ProcessFiles.MappedRegion) -> Bool? {
    guard isLive else {
      let magic = unsafe cdmabuf_path_magic(mapFile(mapping))
      return magic == -1 || magic == CDMABUF_SUPER_MAGIC
    }
    // If the device number is not known from a descriptor, read it from the mapping, which needs more privilege.
    let reason =
      device == nil ? learnDevice(from: mapFile(mapping), device: mapping.device, inode: mapping.inode) : nil
    if let device { return mapping.device == device }
    let isGone = reason == nil || reason == .noSuchFileOrDirectory || reason == .noSuchProcess
    return isGone ? false : nil
  }

  /// Learns the device number of dma-bufs from a file that is one. Returns the reason why the file could not be opened.
  @discardableResult
  private mutating func learnDevice(from path: String, device number: UInt64, inode: UInt64) -> Errno? {
    do throws(KernelError) {
      let file = try OpenFile(namedBy: path)
      let status = try file.status()
      // Check one open file, so that the file cannot be replaced between the checks.
      if cdmabuf_magic(file.descriptor.rawValue) == CDMABUF_SUPER_MAGIC, cdmabuf_device(status.st_dev) == number,
        UInt64(status.st_ino) == inode
      {
        device = number
      }
      return nil
    } catch {
      return error.errno
    }
  }

  private func identity(_ mapping: ProcessFiles.MappedRegion) -> ProcessFiles.Identity? {
    var status = stat()
    guard unsafe stat(mapFile(mapping), &status) == 0, UInt64(status.st_ino) == mapping.inode else { return nil }
    return ProcessFiles.Identity(status)
  }

  private func mapFile(_ mapping: ProcessFiles.MappedRegion) -> String {
    "\(proc)/\(mapping.pid)/map_files/\(String(mapping.start, radix: 16))-\(String(mapping.end, radix: 16))"
  }

  // MARK: Processes

  func exists(_ pid: Int32) -> Bool {
    SmallFile.text("\(proc)/\(pid)/stat") != nil
  }

  /// Reads the names, users and limits of processes that hold anything and that `/proc` has not described yet.
  mutating func describeProcesses() {
    let all = [Array(buffers.values), twins].joined()
    for holder in Set(all.lazy.flatMap { $0.holders.lazy.map(\.pid) }) { process(holder) { _ in } }
    for (pid, process) in processes where process.user == nil {
      guard let directory = try? Directory("\(proc)/\(pid)") else { continue }
      // A process that started after the census began has the number of one that has ended.
      if isLive, ProcessStatus(in: directory)?.start.map({ $0 >= begin }) ?? true { continue }
      let description = Census.Process(pid, in: directory)
      processes[pid]?.command = process.command ?? description.command
      processes[pid]?.user = description.user
      processes[pid]?.controlGroup = description.controlGroup
      processes[pid]?.openFiles = description.openFiles
      processes[pid]?.openFileLimit = description.openFileLimit
    }
  }

  private mutating func process(_ pid: Int32, _ change: (inout Census.Process) -> Void) {
    change(&processes[pid, default: Census.Process(pid: pid)])
  }
}

extension Census.Buffer {
  /// Whether no known field differs between the buffers.
  fileprivate func isAlike(_ other: Census.Buffer) -> Bool {
    (size == nil || other.size == nil || size == other.size)
      && (exporter == nil || other.exporter == nil || exporter == other.exporter)
      && (name == nil || other.name == nil || name == other.name)
  }

  fileprivate mutating func learn(_ information: DescriptorInformation) {
    size = information.size
    exporter = information.exporter
    name = information.name
    isNamed = information.name != nil
    count = information.count
  }

  fileprivate mutating func hold(
    by pid: Int32, _ source: Census.Source, _ identity: ProcessFiles.Identity?,
    _ change: (inout Census.Holder) -> Void
  ) {
    sources.insert(source)
    if let identity {
      size = size ?? identity.size
      owner = identity.owner
      created = identity.created
    }
    // Descriptors come process by process, so the holder is nearly always the last one.
    if let index = holders.lastIndex(where: { $0.pid == pid }) {
      change(&holders[index])
    } else {
      holders.append(Census.Holder(pid: pid))
      change(&holders[holders.count - 1])
    }
  }

  fileprivate mutating func fill(from other: Census.Buffer, _ source: Census.Source) {
    sources.insert(source)
    size = size ?? other.size
    exporter = exporter ?? other.exporter
    if isNamed == nil { (name, isNamed) = (other.name, other.isNamed) }
    count = count ?? other.count
    owner = owner ?? other.owner
    created = created ?? other.created
    devices = devices ?? other.devices
    fences = fences ?? other.fences
    doubts.formUnion(other.doubts.filter { $0 != .name || isNamed == nil })
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// Joins what the sources say, by inode.
///
/// The kernel mounts its dma-buf file system once, so all dma-bufs have one device number and an
/// inode number names one buffer; the device number is only used to tell dma-bufs from files that
/// are made to look like them.
struct CensusJoin {
  let proc: String
  /// Is this the running machine? Files of a recorded tree cannot be asked what they are.
  let isLive: Bool
  /// When the census began, on the clock of ``ProcessStatus/start``.
  private let begin = ProcessStatus.now
  private(set) var buffers: [UInt64: Census.Buffer] = [:]
  /// Further buffers of an inode number that another one has.
  private(set) var twins: [Census.Buffer] = []
  private(set) var processes: [Int32: Census.Process] = [:]
  private(set) var refused: [KernelError] = []
  /// Mappings that look like a dma-buf's and could not be asked, by process.
  private(set) var unverified: [Int32: Int] = [:]
  private var device: UInt64?
  /// Buffers whose fdinfo has been read.
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

  /// Adds what an iterator in the kernel tells of a process and one of its buffers.
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

  /// Adds a process that holds nothing itself, if it is not known yet.
  mutating func learn(_ process: Census.Process) {
    if processes[process.pid] == nil { processes[process.pid] = process }
  }

  mutating func sortHolders() {
    for inode in buffers.keys {
      buffers[inode]?.holders.sort { $0.pid < $1.pid }
      for index in buffers[inode]?.holders.indices ?? 0..<0 { buffers[inode]?.holders[index].descriptors.sort() }
    }
  }

  /// Adds what a source tells that lists the machine's buffers. What is known already stays.
  mutating func merge(_ other: Census.Buffer, from source: Census.Source) {
    buffers[other.inode, default: Census.Buffer(inode: other.inode)].fill(from: other, source)
  }

  /// The same of rows of one inode number that are of several buffers: the one that is like what is known is that,
  /// the others are buffers of their own.
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

  /// Leaves out buffers without a holder that the list, asked again, does not have any more.
  mutating func confirmUnheld(by list: (any MachineList)?) {
    let unheld = Set(buffers.values.lazy.filter(\.holders.isEmpty).map(\.inode))
    guard !unheld.isEmpty, let list else { return }
    for inode in unheld.subtracting(list.stillListed(unheld)) { buffers[inode] = nil }
  }

  /// Leaves out buffers without a holder.
  mutating func removeUnheld() { buffers = buffers.filter { !$0.value.holders.isEmpty } }

  // MARK: Descriptors and mappings

  private mutating func add(_ descriptor: ProcessFiles.Descriptor) {
    let identity = descriptor.identity
    if isLive, let identity, !isDMABuffer(descriptor, identity) { return }
    var inode = isLive ? identity?.inode : nil
    if inode.map({ !informed.contains($0) }) ?? true, let information = information(descriptor) {
      // Only the kernel's own fdinfo makes it a dma-buf: its link may be a file's name.
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

  /// Adds a descriptor of a buffer whose inode number is another's, of another size.
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

  /// What fdinfo says, if that is of the same buffer: a number may be another file's by now.
  private func information(_ descriptor: ProcessFiles.Descriptor) -> DescriptorInformation? {
    guard let text = try? SmallFile.read("\(proc)/\(descriptor.pid)/fdinfo/\(descriptor.number)"),
      let information = DescriptorInformation(parsing: text)
    else { return nil }
    guard isLive, let identity = descriptor.identity else { return information }
    let isSame = information.inode.map { $0 == identity.inode } ?? true
    return isSame && information.size == identity.size ? information : nil
  }

  // MARK: Telling dma-bufs from files that are called so

  private mutating func isDMABuffer(
    _ descriptor: ProcessFiles.Descriptor, _ identity: ProcessFiles.Identity
  ) -> Bool {
    if device == nil {
      learnDevice(
        from: "\(proc)/\(descriptor.pid)/fd/\(descriptor.number)", device: identity.device, inode: identity.inode)
    }
    return device == identity.device
  }

  /// `nil` if that cannot be told.
  private mutating func isDMABuffer(_ mapping: ProcessFiles.MappedRegion) -> Bool? {
    guard isLive else {
      let magic = unsafe cdmabuf_path_magic(mapFile(mapping))
      return magic == -1 || magic == CDMABUF_SUPER_MAGIC
    }
    // Where no descriptor has told the device the mapping itself is asked, which takes more privilege.
    let reason =
      device == nil ? learnDevice(from: mapFile(mapping), device: mapping.device, inode: mapping.inode) : nil
    if let device { return mapping.device == device }
    let isGone = reason == nil || reason == .noSuchFileOrDirectory || reason == .noSuchProcess
    return isGone ? false : nil
  }

  /// Learns the device number of dma-bufs from a file that is one. Returns why the file could not be opened.
  @discardableResult
  private mutating func learnDevice(from path: String, device number: UInt64, inode: UInt64) -> Errno? {
    do throws(KernelError) {
      let file = try OpenFile(namedBy: path)
      let status = try file.status()
      // One open file answers both, so that nothing can be put in its place between.
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

  /// Looks up who the processes are that hold anything and were not looked at in `/proc`.
  mutating func describeProcesses() {
    let all = [Array(buffers.values), twins].joined()
    for holder in Set(all.lazy.flatMap { $0.holders.lazy.map(\.pid) }) { process(holder) { _ in } }
    for (pid, process) in processes where process.user == nil {
      guard let directory = try? Directory("\(proc)/\(pid)") else { continue }
      // What was started since has the number of a process that has ended.
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
  /// Does nothing that is known of both tell them apart?
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

internal import CDMABuf
import Glibc
import SystemPackage

/// Joins what the sources say, by inode.
///
/// The kernel mounts its dma-buf file system once, so all dma-bufs have one device number and an
/// inode number names one buffer; the device number is only used to tell dma-bufs from files that
/// are made to look like them.
struct CensusJoin {
  let proc: String
  private(set) var buffers: [UInt64: Census.Buffer] = [:]
  private(set) var processes: [Int32: Census.Process] = [:]
  private(set) var refused: [KernelError] = []
  private var device: UInt64?
  /// Buffers whose fdinfo has been read.
  private var informed: Set<UInt64> = []

  init(proc: String) { self.proc = proc }

  mutating func add(_ walks: [ProcessFiles]) {
    for walk in walks {
      for descriptor in walk.descriptors { add(descriptor) }
    }
    for walk in walks {
      for mapping in walk.mappings { add(mapping) }
      for (pid, count) in walk.syncFiles { process(pid) { $0.syncFiles += count } }
    }
    sortHolders()
    // Kernel threads have no files; not being allowed to look hides nothing.
    refused += walks.flatMap(\.refused).filter { !isKernelThread($0.pid) }.map(\.reason)
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

  mutating func name(_ pid: Int32, _ command: UntrustedText) { process(pid) { $0.command = command } }

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
    let isTrusted = device != nil && identity?.device == device
    var inode = isTrusted ? identity?.inode : nil
    if inode.map({ !informed.contains($0) }) ?? true, let information = information(descriptor) {
      // Only the kernel's own fdinfo makes it a dma-buf: its link may be a file's name.
      guard let number = identity?.inode ?? information.inode else { return }
      inode = number
      device = identity?.device ?? device
      informed.insert(number)
      buffers[number, default: Census.Buffer(inode: number)].learn(information)
    }
    guard let inode else { return }
    buffers[inode, default: Census.Buffer(inode: inode)].hold(by: descriptor.pid, .procfs, identity) {
      $0.descriptors.append(descriptor.number)
    }
  }

  private mutating func add(_ mapping: ProcessFiles.Mapping) {
    guard isDMABuffer(mapping) else { return }
    let isKnown = buffers[mapping.inode]?.size != nil && buffers[mapping.inode]?.created != nil
    let identity = isKnown ? nil : identity(mapping)
    buffers[mapping.inode, default: Census.Buffer(inode: mapping.inode)].hold(by: mapping.pid, .procfs, identity) {
      $0.mappings += 1
    }
  }

  private func information(_ descriptor: ProcessFiles.Descriptor) -> DescriptorInformation? {
    (try? SmallFile.read("\(proc)/\(descriptor.pid)/fdinfo/\(descriptor.number)"))
      .flatMap { DescriptorInformation(parsing: $0) }
  }

  private mutating func isDMABuffer(_ mapping: ProcessFiles.Mapping) -> Bool {
    if let device { return mapping.device == device }
    // No descriptor has told the device yet, so the mapping itself is asked; where that takes more
    // privilege than there is, only the user's own processes are seen at all.
    let magic = unsafe cdmabuf_path_magic(mapFile(mapping))
    if magic == CDMABUF_SUPER_MAGIC { device = mapping.device }
    return magic == CDMABUF_SUPER_MAGIC || magic == -1
  }

  private func identity(_ mapping: ProcessFiles.Mapping) -> ProcessFiles.Identity? {
    var status = stat()
    guard unsafe stat(mapFile(mapping), &status) == 0, UInt64(status.st_ino) == mapping.inode else { return nil }
    return ProcessFiles.Identity(status)
  }

  private func mapFile(_ mapping: ProcessFiles.Mapping) -> String {
    "\(proc)/\(mapping.pid)/map_files/\(String(mapping.start, radix: 16))-\(String(mapping.end, radix: 16))"
  }

  // MARK: Processes

  func exists(_ pid: Int32) -> Bool {
    SmallFile.text("\(proc)/\(pid)/stat") != nil
  }

  /// Looks up who the processes are that hold anything.
  mutating func describeProcesses() {
    for holder in Set(buffers.values.lazy.flatMap { $0.holders.lazy.map(\.pid) }) { process(holder) { _ in } }
    for pid in processes.keys { processes[pid]?.describe(proc: proc) }
  }

  private mutating func process(_ pid: Int32, _ change: (inout Census.Process) -> Void) {
    change(&processes[pid, default: Census.Process(pid: pid)])
  }

  private func isKernelThread(_ pid: Int32) -> Bool {
    // PID (COMM) STATE PPID PGRP SESSION TTY TPGID FLAGS …; COMM may contain anything but is last to close.
    guard let text = try? SmallFile.read("\(proc)/\(pid)/stat"),
      let end = text.lastIndex(of: UInt8(ascii: ")"))
    else { return false }
    let fields = text[end...].split(separator: UInt8(ascii: " "))
    let kernelThread: UInt32 = 0x0020_0000  // PF_KTHREAD
    return fields.count > 7
      && (UInt32(String(decoding: fields[7], as: UTF8.self)) ?? 0) & kernelThread != 0
  }
}

extension Census.Process {
  fileprivate mutating func describe(proc: String) {
    if command == nil, let bytes = try? SmallFile.read("\(proc)/\(pid)/comm") {
      command = UntrustedText(bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...])
    }
    if let text = try? SmallFile.read("\(proc)/\(pid)/cgroup") { controlGroup = ControlGroup(parsing: text) }
    // The process's name comes before, with its newlines escaped.
    let status = SmallFile.text("\(proc)/\(pid)/status")
    let users = status?.split(separator: "\n").first { $0.hasPrefix("Uid:\t") }
    user = users.flatMap { UInt32($0.split(separator: "\t")[1]) }
  }
}

extension Census.Buffer {
  fileprivate mutating func learn(_ information: DescriptorInformation) {
    size = information.size
    exporter = information.exporter
    name = information.name
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
    name = name ?? other.name
    count = count ?? other.count
    owner = owner ?? other.owner
    created = created ?? other.created
    devices = devices ?? other.devices
    fences = fences ?? other.fences
  }
}

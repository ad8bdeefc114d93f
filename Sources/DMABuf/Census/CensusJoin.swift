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
  private(set) var refused: [KernelError] = []
  private var device: UInt64?

  init(proc: String) { self.proc = proc }

  mutating func add(_ walks: [ProcessFiles]) {
    for descriptor in walks.flatMap(\.descriptors) { add(descriptor) }
    for mapping in walks.flatMap(\.mappings) { add(mapping) }
    for inode in buffers.keys {
      buffers[inode]?.holders.sort { $0.pid < $1.pid }
    }
    // Kernel threads have no files; not being allowed to look hides nothing.
    refused += walks.flatMap(\.refused).filter { !isKernelThread($0.pid) }.map(\.reason)
  }

  mutating func add(_ statistics: [SysfsStatistics.Buffer]) {
    for entry in statistics {
      buffers[entry.inode, default: Census.Buffer(inode: entry.inode)].sources.insert(.sysfs)
      if buffers[entry.inode]?.size == nil { buffers[entry.inode]?.size = entry.size }
      if buffers[entry.inode]?.exporter == nil { buffers[entry.inode]?.exporter = entry.exporter }
    }
  }

  // MARK: Descriptors and mappings

  private mutating func add(_ descriptor: ProcessFiles.Descriptor) {
    var inode = descriptor.identity?.inode
    let known = inode.flatMap { buffers[$0] }
    let trusted = device != nil && descriptor.identity?.device == device
    if known?.exporter == nil || !trusted {
      // Only the kernel's own fdinfo makes it a dma-buf: its link may be a file's name.
      if let information = information(descriptor) {
        inode = inode ?? information.inode
        guard let inode else { return }
        device = descriptor.identity?.device ?? device
        var buffer = buffers[inode] ?? Census.Buffer(inode: inode)
        buffer.size = information.size
        buffer.exporter = information.exporter
        buffer.name = information.name
        buffer.count = information.count
        buffers[inode] = buffer
      } else if !trusted {
        return
      }
    }
    guard let inode else { return }
    // In place: a copy of a buffer that many processes share would be made for each of its descriptors.
    buffers[inode, default: Census.Buffer(inode: inode, size: descriptor.identity?.size)]
      .hold(descriptor.pid) { $0.descriptors.append(descriptor.number) }
  }

  private mutating func add(_ mapping: ProcessFiles.Mapping) {
    guard isDMABuffer(mapping) else { return }
    buffers[mapping.inode, default: Census.Buffer(inode: mapping.inode)].hold(mapping.pid) { $0.mappings += 1 }
  }

  private func information(_ descriptor: ProcessFiles.Descriptor) -> DescriptorInformation? {
    (try? SmallFile.read("\(proc)/\(descriptor.pid)/fdinfo/\(descriptor.number)"))
      .flatMap { DescriptorInformation(parsing: $0) }
  }

  private mutating func isDMABuffer(_ mapping: ProcessFiles.Mapping) -> Bool {
    if let device { return mapping.device == device }
    // No descriptor has told the device yet, so the mapping itself is asked; where that takes more
    // privilege than there is, only the user's own processes are seen at all.
    let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
    let magic = unsafe cdmabuf_path_magic("\(proc)/\(mapping.pid)/map_files/\(range)")
    if magic == CDMABUF_SUPER_MAGIC { device = mapping.device }
    return magic == CDMABUF_SUPER_MAGIC || magic == -1
  }

  // MARK: Processes

  func exists(_ pid: Int32) -> Bool {
    SmallFile.text("\(proc)/\(pid)/stat") != nil
  }

  func command(of pid: Int32) -> UntrustedText? {
    guard let bytes = try? SmallFile.read("\(proc)/\(pid)/comm") else { return nil }
    return UntrustedText(bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...])
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

extension Census.Buffer {
  fileprivate mutating func hold(_ pid: Int32, _ change: (inout Census.Holder) -> Void) {
    sources.insert(.procfs)
    // Descriptors come process by process, so the holder is nearly always the last one.
    if let index = holders.lastIndex(where: { $0.pid == pid }) {
      change(&holders[index])
    } else {
      holders.append(Census.Holder(pid: pid))
      change(&holders[holders.count - 1])
    }
  }
}

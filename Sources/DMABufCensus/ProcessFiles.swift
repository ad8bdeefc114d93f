// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// One thread's pass over `/proc/PID/fd` and `/proc/PID/maps`, with reused buffers.
///
/// The pass only collects files that look like dma-bufs. They are verified afterwards, once per inode, so that no
/// thread reads a buffer's `count` while another thread raises it.
@safe final class ProcessFiles {
  /// A descriptor whose link reads `/dmabuf:…`.
  struct Descriptor {
    let pid: Int32
    let number: Int32
    /// Device and inode as `stat(2)` returns them; `nil` if the link has no target (recorded trees).
    let identity: Identity?
  }

  /// A line of `maps` whose path is `/dmabuf:…`.
  struct MappedRegion {
    let pid: Int32
    let start: UInt64
    let end: UInt64
    let device: UInt64
    let inode: UInt64
  }

  struct Identity {
    let device: UInt64
    let inode: UInt64
    let size: UInt64
    let owner: UInt32
    /// Nanoseconds of `CLOCK_REALTIME`.
    let created: UInt64

    init(_ status: stat) {
      device = cdmabuf_device(status.st_dev)
      inode = UInt64(status.st_ino)
      size = UInt64(clamping: status.st_size)
      owner = status.st_uid
      created = UInt64(clamping: status.st_mtim.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: status.st_mtim.tv_nsec)
    }
  }

  private(set) var descriptors: [Descriptor] = []
  private(set) var mappings: [MappedRegion] = []
  /// The number of sync_files of each process that has any.
  private(set) var syncFiles: [(pid: Int32, count: Int)] = []
  /// The number of syncobj descriptors of each process that has any.
  private(set) var syncObjects: [(pid: Int32, count: Int)] = []
  /// The processes that have any of these, with their properties at that time.
  private(set) var processes: [Census.Process] = []
  /// Processes whose files this user may not read, with the kernel's error.
  private(set) var refused: [KernelError] = []

  /// The number of descriptors of the current process.
  private var openFiles: UInt64?
  private let proc: String
  private let names = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 8)
  private let text = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
  private let link = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 64)

  private let memory: DescriptorMemory?

  init(proc: String, memory: DescriptorMemory?) {
    self.proc = proc
    self.memory = memory
  }

  deinit {
    unsafe names.deallocate()
    unsafe text.deallocate()
    unsafe link.deallocate()
  }

  /// Reads one process through its directory, which stays valid for this process even if the pid is reused.
  func visit(_ pid: Int32) {
    do {
      let directory = try Directory("\(proc)/\(pid)")
      let before = (descriptors.count, mappings.count, syncFiles.count, syncObjects.count)
      do {
        try readDescriptors(pid, in: directory)
        try readMappings(pid, in: directory)
      } catch {
        // Kernel threads have no files, so an error for them hides nothing.
        if !error.isAbsence, ProcessStatus(in: directory)?.isKernelThread != true { refused.append(error) }
      }
      if before != (descriptors.count, mappings.count, syncFiles.count, syncObjects.count) {
        var process = Census.Process(pid, in: directory)
        process.openFiles = openFiles
        processes.append(process)
      }
    } catch {
      if !error.isAbsence { refused.append(error) }
    }
  }

  private func readDescriptors(_ pid: Int32, in process: borrowing Directory) throws(KernelError) {
    let directory = try Directory("fd", in: process)
    let descriptor = directory.descriptor
    var fences = 0
    var objects = 0
    var count: UInt64 = 0
    openFiles = nil
    var recollection = memory?.recall(pid)
    try unsafe directory.forEachName(buffer: names) { name in
      // The data is not used after an interruption.
      if Interruption.signal != nil { return }
      let number = unsafe atoi(name)
      count += 1
      if recollection?.skips(number) == true { return }
      let length = unsafe readlinkat(descriptor, name, link.baseAddress!, link.count)
      guard length >= 8, unsafe memcmp(link.baseAddress!, "/dmabuf:", 8) == 0 else {
        if length == 20, unsafe memcmp(link.baseAddress!, "anon_inode:sync_file", 20) == 0 {
          fences += 1
        } else if length == 23, unsafe memcmp(link.baseAddress!, "anon_inode:syncobj_file", 23) == 0 {
          objects += 1
        } else {
          recollection?.addOther(number)
        }
        return
      }
      var status = stat()
      let identity = unsafe fstatat(descriptor, name, &status, 0) == 0 ? Identity(status) : nil
      // The kernel's own file systems have major number 0. A file with such a name on a disk has another.
      if let identity, identity.device >> 32 != 0 {
        recollection?.addOther(number)
        return
      }
      descriptors.append(Descriptor(pid: pid, number: number, identity: identity))
    }
    openFiles = count
    if let recollection { memory?.remember(recollection, of: pid) }
    if fences > 0 { syncFiles.append((pid, fences)) }
    if objects > 0 { syncObjects.append((pid, objects)) }
  }

  private func readMappings(_ pid: Int32, in process: borrowing Directory) throws(KernelError) {
    let maps = try OpenFile("maps", in: process, O_RDONLY)
    var kept = 0
    while true {
      let space = unsafe UnsafeMutableRawBufferPointer(rebasing: text[kept...])
      let count = try unsafe maps.read(into: space)
      if count == 0 { return }
      let filled = unsafe UnsafeRawBufferPointer(rebasing: text[..<(kept + count)])
      let whole = unsafe (filled.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      unsafe findMappings(pid, in: UnsafeRawBufferPointer(rebasing: filled[..<whole]))
      kept = filled.count - whole
      // A line that does not fit into the buffer is not that of a dma-buf: paths of dma-bufs have at most 40 bytes.
      if unsafe kept == text.count { kept = 0 }
      unsafe memmove(text.baseAddress!, filled.baseAddress! + filled.count - kept, kept)
    }
  }

  private func findMappings(_ pid: Int32, in lines: UnsafeRawBufferPointer) {
    var position = 0
    while position < lines.count,
      let hit = unsafe cdmabuf_find(
        lines.baseAddress! + position, lines.count - position, " /dmabuf:")
    {
      let at = unsafe UnsafeRawPointer(hit) - lines.baseAddress!
      let start = unsafe (lines[..<at].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      // As above: a file on a disk has a major number.
      if let line = unsafe MapsLine(parsing: lines[start..<at]), line.device >> 32 == 0 {
        mappings.append(
          MappedRegion(
            pid: pid, start: line.start, end: line.end, device: line.device, inode: line.inode))
      }
      position = unsafe (lines[at...].firstIndex(of: UInt8(ascii: "\n")) ?? lines.count - 1) + 1
    }
  }
}

extension KernelError {
  /// Whether the process has ended meanwhile.
  fileprivate var isAbsence: Bool { errno == .noSuchFileOrDirectory || errno == .noSuchProcess }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// An open regular file that another process executes. Only bytes that stacks need are read.
final class ModuleFile: FileBytes {
  private static let chunk = 1 << 14
  private static let mostChunks = 4

  /// What tells the file from others, and from another version of its contents.
  struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
    let size: Int
    let changed: UInt64

    init(_ status: stat) {
      device = cdmabuf_device(status.st_dev)
      inode = UInt64(status.st_ino)
      size = Int(status.st_size)
      changed =
        UInt64(truncatingIfNeeded: status.st_ctim.tv_sec) &* 1_000_000_000
        &+ UInt64(truncatingIfNeeded: status.st_ctim.tv_nsec)
    }
  }

  private let file: OpenFile
  private var chunks: [(offset: UInt64, bytes: [UInt8])] = []

  private init(_ file: consuming OpenFile) { self.file = file }

  func bytes(at offset: UInt64, count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(min(count, 1 << 20))
    var place = offset
    while result.count < count {
      let start = place & ~UInt64(Self.chunk - 1)
      let chunk = chunk(at: start)
      let part = chunk.dropFirst(Int(place - start)).prefix(count - result.count)
      if part.isEmpty { break }
      result += part
      place += UInt64(part.count)
    }
    return result
  }

  private func chunk(at offset: UInt64) -> [UInt8] {
    if let index = chunks.firstIndex(where: { $0.offset == offset }) { return chunks[index].bytes }
    guard let place = off_t(exactly: offset) else { return [] }
    let descriptor = file.descriptor.rawValue
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
      count = unsafe max(0, pread(descriptor, buffer.baseAddress, buffer.count, place))
    }
    if chunks.count >= Self.mostChunks { chunks.removeFirst() }
    chunks.append((offset, bytes))
    return bytes
  }

  /// Forgets what was read.
  func forget() { chunks = [] }

  // MARK: Opening

  /// A file that is referenced, but not open: opening a device or a pipe could have effects.
  struct Reference: ~Copyable {
    private let file: OpenFile
    let identity: Identity

    /// References the file of a mapping. Throws the error of the kernel; `ENOEXEC` if the file is none that a program
    /// can be mapped from.
    init(_ region: MappedCode.Region, of process: Int32) throws(KernelError) {
      let found = try Self.find(region, of: process)
      let status = try found.status()
      guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
        throw KernelError(.open, on: found.name, errno: .execFormatError)
      }
      identity = Identity(status)
      file = found
    }

    private static func find(_ region: MappedCode.Region, of process: Int32) throws(KernelError) -> OpenFile {
      let range = String(region.start, radix: 16) + "-" + String(region.end, radix: 16)
      // The mapped file itself, even if it is deleted, or in another mount namespace. These links need CAP_SYS_ADMIN or
      // CAP_CHECKPOINT_RESTORE.
      if let file = try? OpenFile(namedBy: "/proc/\(process)/map_files/\(range)") { return file }
      return try OpenFile(namedBy: "/proc/\(process)/root" + SystemText.string(region.path))
    }

    /// Opens the file for reading.
    func open() throws(KernelError) -> ModuleFile {
      ModuleFile(try OpenFile("/proc/self/fd/\(file.descriptor.rawValue)", O_RDONLY | O_NONBLOCK | O_NOCTTY))
    }
  }

  /// The device and inode that `/proc/PID/maps` shows for mappings of this file. On btrfs and overlayfs they differ from
  /// those of `stat(2)`, so this process maps the file and looks.
  func identityInMaps() throws(KernelError) -> (device: UInt64, inode: UInt64)? {
    let page = Mapping.pageSize
    let address = unsafe mmap(nil, page, PROT_READ, MAP_PRIVATE, file.descriptor.rawValue, 0)
    guard unsafe address != MAP_FAILED, let address = unsafe address else { throw KernelError(.mmap, on: file.name) }
    defer { _ = unsafe munmap(address, page) }
    guard let text = try? OpenFile("/proc/self/maps", O_RDONLY).contents() else { return nil }
    let start = UInt64(UInt(bitPattern: address))
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let region = MappedCode.Region(parsing: line), region.start <= start, start < region.end else { continue }
      return (region.device, region.inode)
    }
    return nil
  }
}

extension OpenFile {
  /// All bytes of a file of `/proc`, even after this process was asked to end. Throws `EFBIG` for more than 32 MiB.
  consuming func contents() throws(KernelError) -> [UInt8] {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var result: [UInt8] = []
    while true {
      let count = try unsafe read(into: chunk)
      if count == 0 { return result }
      guard result.count + count <= 32 << 20 else { throw KernelError(.read, on: name, errno: .fileTooLarge) }
      unsafe result += chunk[..<count]
    }
  }
}

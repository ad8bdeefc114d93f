import SystemPackage

/// `/sys/kernel/dmabuf/buffers`: every buffer of the machine with its size and exporter, on kernels
/// built with `CONFIG_DMABUF_SYSFS_STATS` (removed from Linux 7).
///
/// Corresponds to `drivers/dma-buf/dma-buf-sysfs-stats.c`.
struct SysfsStatistics: MachineList {
  struct Buffer {
    let inode: UInt64
    let size: UInt64?
    let exporter: UntrustedText?
  }

  static let directory = "/sys/kernel/dmabuf/buffers"

  let root: String
  let source = Census.Source.sysfs

  func add(to join: inout CensusJoin) throws(KernelError) {
    for entry in try Self.buffers(root: root) {
      join.merge(Census.Buffer(inode: entry.inode, size: entry.size, exporter: entry.exporter), from: source)
    }
  }

  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64> {
    inodes.filter { SmallFile.number("\(root)\(Self.directory)/\($0)/size") != nil }
  }

  /// All buffers; throws `ENOENT` on kernels without statistics. Buffers that go away while the
  /// directory is read are left out.
  static func buffers(root: String) throws(KernelError) -> [Buffer] {
    let path = root + directory
    return try Directory(path).names().compactMap { name in
      guard let inode = UInt64(name) else { return nil }
      let size = SmallFile.number("\(path)/\(name)/size")
      let exporter = (try? SmallFile.read("\(path)/\(name)/exporter_name")).map {
        UntrustedText($0.last == UInt8(ascii: "\n") ? $0.dropLast() : $0[...])
      }
      return size == nil && exporter == nil ? nil : Buffer(inode: inode, size: size, exporter: exporter)
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

/// `/sys/kernel/dmabuf/buffers`: all buffers of the machine with size and exporter, on kernels built with
/// `CONFIG_DMABUF_SYSFS_STATS` (removed in Linux 7).
///
/// The first version, in Android's kernels of Linux 5.10, also lists attached devices.
///
/// Corresponds to `drivers/dma-buf/dma-buf-sysfs-stats.c`.
struct SysfsStatistics: MachineList {
  struct Buffer {
    let inode: UInt64
    let size: UInt64?
    let exporter: UntrustedText?
    /// One name for each attachment; `nil` if the kernel does not list them.
    var devices: [UntrustedText]?
  }

  static let directory = "/sys/kernel/dmabuf/buffers"

  let root: String
  let source = Census.Source.sysfs

  func add(to join: inout CensusJoin) throws(CensusError) {
    let entries = try Self.buffers(root: root)
    for entry in entries {
      var buffer = Census.Buffer(inode: entry.inode, size: entry.size, exporter: entry.exporter)
      buffer.devices = entry.devices
      join.merge(buffer, from: source)
    }
  }

  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64> {
    inodes.filter { SmallFile.number("\(root)\(Self.directory)/\($0)/size") != nil }
  }

  /// Reads all buffers. Throws `ENOENT` on kernels without statistics. Buffers that are freed while the directory is
  /// read are skipped.
  static func buffers(root: String) throws(CensusError) -> [Buffer] {
    let path = root + directory
    let names = try CensusError.refusing { () throws(KernelError) in try Directory(path).names() }
    // The kernel has this directory either for all buffers or for none.
    let hasAttachments = names.contains { unsafe access("\(path)/\($0)/attachments", F_OK) == 0 }
    let buffers = names.compactMap { name -> Buffer? in
      guard let inode = UInt64(name) else { return nil }
      let size = SmallFile.number("\(path)/\(name)/size")
      let exporter = (try? SmallFile.read("\(path)/\(name)/exporter_name")).map {
        UntrustedText($0.last == UInt8(ascii: "\n") ? $0.dropLast() : $0[...])
      }
      if size == nil && exporter == nil { return nil }
      let devices = hasAttachments ? attachments(of: "\(path)/\(name)") : nil
      return Buffer(inode: inode, size: size, exporter: exporter, devices: devices)
    }
    // After an interruption, buffers may be missing because their files were not read.
    try CensusError.checkInterruption()
    return buffers
  }

  /// The link `attachments/UID/device` leads to the device.
  private static func attachments(of buffer: String) -> [UntrustedText]? {
    guard let directory = try? Directory(buffer + "/attachments"), let names = try? directory.names() else {
      return nil
    }
    return names.sorted().compactMap { name in
      directory.link(name + "/device")?.split(scalar: "/").last.map { UntrustedText($0.utf8) }
    }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// `/sys/kernel/debug/dma_buf/bufinfo`: all buffers of the machine, with attached devices and fences.
///
/// While the file is read, the kernel keeps its list locked, and waits for the reservation lock of each buffer in turn.
/// Meanwhile no process can allocate or free a buffer.
///
/// Corresponds to `dma_buf_debug_show` in `drivers/dma-buf/dma-buf.c`.
struct DebugBuffers: MachineList {
  static let file = "/sys/kernel/debug/dma_buf/bufinfo"

  let source = Census.Source.bufinfo
  private let path: String
  private let text: [UInt8]

  init(root: String) throws(CensusError) {
    let path = root + Self.file
    self.path = path
    text = try CensusError.reading { try SmallFile.read(path, limit: 1 << 28) }
  }

  func add(to join: inout CensusJoin) throws(CensusError) {
    var known = DebugTable.KnownNames()
    for buffer in join.buffers.values {
      if let name = buffer.name { known.names[buffer.inode] = name }
      if buffer.isNamed == false { known.unnamed.insert(buffer.inode) }
    }
    let table = try parsed(text, known)
    let rows = Dictionary(grouping: table.buffers, by: \.inode)
    for buffer in table.buffers {
      guard let same = rows[buffer.inode], same.count > 1 else {
        join.merge(buffer, from: source)
        continue
      }
      if buffer == same.first { join.merge(twins: same, from: source) }
    }
    if !table.isWhole { throw .format(FormatError(path, .unknownText)) }
  }

  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64> {
    guard let text = try? SmallFile.read(path, limit: 1 << 28), let table = try? DebugTable(parsing: text) else {
      return inodes
    }
    return inodes.intersection(table.buffers.map(\.inode))
  }

  /// Reads the list of this machine, to probe whether it is readable and complete.
  static func probe() throws(CensusError) {
    let list = try DebugBuffers(root: "")
    if try !list.parsed(list.text, .init()).isWhole { throw .format(FormatError(list.path, .unknownText)) }
  }

  private func parsed(_ text: [UInt8], _ known: DebugTable.KnownNames) throws(CensusError) -> DebugTable {
    do throws(DebugTable.Refusal) {
      return try DebugTable(parsing: text, known: known)
    } catch {
      throw .format(FormatError(path, error == .noInodes ? .noInodes : .unknownText))
    }
  }
}

extension Census {
  /// The path of the kernel's list of all buffers.
  package static let debugList = DebugBuffers.file

  /// The path of the kernel's list of all buffers in debugfs; `nil` if this user may not read it.
  public static var readableDebugList: String? {
    unsafe access(DebugBuffers.file, R_OK) == 0 ? DebugBuffers.file : nil
  }

  /// Probes the kernel's list of all buffers in debugfs.
  ///
  /// Throws ``CensusError/format(_:)`` for a list that is not usable.
  package static func probeDebugList() throws(CensusError) { try DebugBuffers.probe() }

  /// Whether debugfs is mounted at its usual path.
  package static var hasDebugFS: Bool { unsafe cdmabuf_path_magic("/sys/kernel/debug") == 0x6462_6720 }
}

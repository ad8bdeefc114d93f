// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// `/sys/kernel/debug/dma_buf/bufinfo`: every buffer of the machine with the devices attached to it
/// and the fences on it.
///
/// The kernel keeps its list locked from the beginning of the reading to its end, and waits for the
/// reservation of each buffer in turn: no buffer can be made or let go of meanwhile, in any process.
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

  /// Reads the list of this machine, for whoever asks whether that is possible.
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

  /// The kernel's list of all buffers in debugfs, if this user may read it.
  public static var readableDebugList: String? {
    unsafe access(DebugBuffers.file, R_OK) == 0 ? DebugBuffers.file : nil
  }

  /// Reads the kernel's list of all buffers in debugfs, to learn whether that is possible.
  ///
  /// Throws ``CensusError/format(_:)`` for a list that is of no use.
  package static func probeDebugList() throws(CensusError) { try DebugBuffers.probe() }

  /// Is debugfs mounted in its usual place?
  package static var hasDebugFS: Bool { unsafe cdmabuf_path_magic("/sys/kernel/debug") == 0x6462_6720 }
}

internal import CDMABuf
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

  init(root: String) throws(KernelError) {
    path = root + Self.file
    text = try SmallFile.read(path, limit: 1 << 28)
  }

  func add(to join: inout CensusJoin) throws(KernelError) {
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
    if !table.isWhole { throw KernelError("read", on: path, errno: .badMessage) }
  }

  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64> {
    guard let text = try? SmallFile.read(path, limit: 1 << 28), let table = try? DebugTable(parsing: text) else {
      return inodes
    }
    return inodes.intersection(table.buffers.map(\.inode))
  }

  /// Reads the list of this machine, for whoever asks whether that is possible.
  static func probe() throws(KernelError) {
    let list = try DebugBuffers(root: "")
    if try !list.parsed(list.text, .init()).isWhole { throw KernelError("read", on: list.path, errno: .badMessage) }
  }

  private func parsed(_ text: [UInt8], _ known: DebugTable.KnownNames) throws(KernelError) -> DebugTable {
    do throws(DebugTable.Refusal) {
      return try DebugTable(parsing: text, known: known)
    } catch {
      throw KernelError("read", on: path, errno: error == .noInodes ? .notSupported : .badMessage)
    }
  }
}

extension Census {
  /// The kernel's list of all buffers in debugfs, if this user may read it.
  public static var readableDebugList: String? {
    unsafe access(DebugBuffers.file, R_OK) == 0 ? DebugBuffers.file : nil
  }

  /// Reads the kernel's list of all buffers in debugfs, to learn whether that is possible.
  ///
  /// Throws `ENOTSUP` for rows without inode numbers, `EBADMSG` for a text in an unknown format.
  package static func probeDebugList() throws(KernelError) { try DebugBuffers.probe() }

  /// Is debugfs mounted in its usual place?
  package static var hasDebugFS: Bool { unsafe cdmabuf_path_magic("/sys/kernel/debug") == 0x6462_6720 }
}

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
    let table = try parsed(names: join.buffers.compactMapValues(\.name))
    for buffer in table.buffers { join.merge(buffer, from: source) }
    if !table.isWhole { throw KernelError("read", on: path, errno: .badMessage) }
  }

  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64> {
    guard let text = try? SmallFile.read(path, limit: 1 << 28), let table = DebugTable(parsing: text) else {
      return inodes
    }
    return inodes.intersection(table.buffers.map(\.inode))
  }

  private func parsed(names: [UInt64: UntrustedText]) throws(KernelError) -> DebugTable {
    guard let table = DebugTable(parsing: text, names: names) else {
      // Before Linux 5.3 there was no inode number in it to join it by.
      throw KernelError("read", on: path, errno: .notSupported)
    }
    return table
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import SystemPackage

/// Hints for buffers that need more memory than available.
enum MemoryAdvice {
  /// The hint for a source with less memory than wanted. `wanted` is `nil` for a size that overflows.
  static func shortage(of source: BufferSource, wanted: UInt64?) -> String? {
    switch source {
    case .udmabuf(let page?): hugePages(of: page, wanted: wanted)
    case _ where source.isCMA:
      cma(wanted: wanted) + "; use --force to try anyway, which may move other pages"
    case _ where source.isOrdinaryMemory:
      "use --force to try anyway; the kernel may kill processes to free memory"
    default: "use --force to try anyway"
    }
  }

  /// The hint for a buffer of `size` bytes that the kernel refused.
  static func refusal(_ error: KernelError, size: UInt64) -> String? {
    switch (error.call, error.errno) {
    case (.UDMABUF_CREATE, .invalidArgument):
      if let limit = UDMABuf.sizeLimit(), size > limit {
        return "\(Units.size(size)) is over the limit of \(Units.size(limit)), set in \(UDMABuf.sizeLimitFile)"
      }
      return nil
    case (.DMA_HEAP_IOCTL_ALLOC, .noMemory) where isCMAHeap(error.subject):
      return cma(wanted: size)
    default: return nil
    }
  }

  /// The hint for huge pages of a size that the kernel does not have.
  static var hugePageSizes: String? {
    let sizes = MemoryInformation.hugePageSizes().map { Units.size(UInt64($0)) }
    return sizes.isEmpty ? nil : "the kernel has huge pages of " + sizes.joined(separator: ", ")
  }

  static func isCMAHeap(_ path: String) -> Bool {
    DMAHeap.cmaNames.contains { path == "\(DMAHeap.directory)/\($0)" }
  }

  private static func hugePages(of page: Int, wanted: UInt64?) -> String? {
    guard let pool = MemoryInformation.hugePages(of: page) else { return nil }
    let file = MemoryInformation.hugePagePool(of: page) + "/nr_hugepages"
    let state = pool.total == 0 ? "nr_hugepages is 0" : "\(pool.free) of \(pool.total) huge pages are free"
    guard let wanted else { return "\(state); write the number of pages to \(file)" }
    let lacking = (wanted - 1) / UInt64(page) + 1 - min(pool.free, (wanted - 1) / UInt64(page) + 1)
    return "\(state); run: echo \(pool.total + lacking) >\(file)"
  }

  /// The free CMA memory, the largest holders, and whether the free memory would suffice.
  static func cma(wanted: UInt64?) -> String {
    let memory = MemoryInformation()
    let free = memory.cmaFree.map(Units.size) ?? "?"
    let total = memory.cmaTotal.map(Units.size) ?? "?"
    var text = "CMA has \(free) free of \(total)"
    if let wanted, let free = memory.cmaFree, wanted <= free { text += ", but not in one piece" }
    let holders = largestHolders().map { "\($0.name) holds \(Units.size($0.bytes)) of it" }
    return ([text] + holders).joined(separator: "; ")
  }

  /// The processes that hold most memory of the default CMA heap, two at most. A shared buffer counts for each holder.
  private static func largestHolders() -> [(name: String, bytes: UInt64)] {
    let census = Census()
    var bytes: [Int32: UInt64] = [:]
    for buffer in census.buffers where buffer.exporter.map({ DMAHeap.cmaNames.contains($0.string) }) ?? false {
      for holder in buffer.holders {
        bytes[holder.pid, default: 0] =
          (bytes[holder.pid] ?? 0).addingReportingOverflow(buffer.size ?? 0).partialValue
      }
    }
    return bytes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(2).map { pid, bytes in
      (Units.process(census.processes[pid]?.command, pid), bytes)
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import SystemPackage

/// Hints for buffers that need more memory than available.
enum MemoryAdvice {
  /// The hint for a source with less memory than wanted. `wanted` is `nil` for a size that overflows.
  static func shortage(of source: BufferSource, wanted: UInt64?) -> String? {
    if case .udmabuf(let page?) = source { return hugePages(of: page, wanted: wanted) }
    if let heap = source.cmaHeap {
      return cma(heap, wanted: wanted) + "; use --force to try anyway, which may move other pages"
    }
    return source.isOrdinaryMemory
      ? "use --force to try anyway; the kernel may kill processes to free memory" : "use --force to try anyway"
  }

  /// The hint for a buffer of `size` bytes that the kernel refused.
  static func refusal(_ error: KernelError, size: UInt64) -> String? {
    switch (error.call, error.errno) {
    case (.UDMABUF_CREATE, .invalidArgument):
      if let limit = UDMABuf.sizeLimit(), size > limit {
        return "\(Units.size(size)) is over the limit of \(Units.size(limit)), set in \(UDMABuf.sizeLimitFile)"
      }
      return nil
    case (.DMA_HEAP_IOCTL_ALLOC, .noMemory): return cmaHeap(error.subject).map { cma($0, wanted: size) }
    default: return nil
    }
  }

  /// The hint for huge pages of a size that the kernel does not have.
  static var hugePageSizes: String? {
    let sizes = MemoryInformation.hugePageSizes().map { Units.size(UInt64($0)) }.joined(separator: ", ")
    return sizes.isEmpty ? nil : "the kernel has huge pages of \(sizes)"
  }

  /// The name of the heap whose node is `path` if it allocates from a CMA area.
  static func cmaHeap(_ path: String) -> String? {
    let prefix = DMAHeap.directory + "/"
    guard path.utf8.starts(with: prefix.utf8) else { return nil }
    let name = String(path.dropFirst(prefix.count))
    return DMAHeap.isCMA(name) ? name : nil
  }

  private static func hugePages(of page: Int, wanted: UInt64?) -> String? {
    guard let pool = MemoryInformation.hugePages(of: page) else { return nil }
    let file = MemoryInformation.hugePagePool(of: page) + "/nr_hugepages"
    let state = pool.total == 0 ? "nr_hugepages is 0" : "\(pool.free) of \(pool.total) huge pages are free"
    guard let wanted else { return "\(state); write the number of pages to \(file)" }
    let lacking = (wanted - 1) / UInt64(page) + 1 - min(pool.free, (wanted - 1) / UInt64(page) + 1)
    return "\(state); run: echo \(pool.total + lacking) >\(file)"
  }

  /// The free memory of the CMA area of `heap`, the largest holders, and whether the free memory would suffice. Where the
  /// kernel does not tell, the memory is that of all areas.
  static func cma(_ heap: String, wanted: UInt64?) -> String {
    let (area, memory) = (DMAHeap.cmaArea(of: heap), MemoryInformation())
    let (free, total) = (area?.free ?? memory.cmaFree, area?.total ?? memory.cmaTotal)
    let name = DMAHeap.cmaNames.contains(heap) ? "CMA" : "the CMA area " + UntrustedText(heap.utf8).escaped
    var text = "\(name) has \(free.map(Units.size) ?? "?") free of \(total.map(Units.size) ?? "?")"
    if let wanted, let free, wanted <= free { text += ", but not in one piece" }
    let holders = largestHolders(of: heap).map { "\($0.name) holds \(Units.size($0.bytes)) of it" }
    return ([text] + holders).joined(separator: "; ")
  }

  /// The processes that hold most memory of a CMA heap, two at most. A shared buffer counts for each holder.
  private static func largestHolders(of heap: String) -> [(name: String, bytes: UInt64)] {
    let census = Census()
    let names = DMAHeap.cmaNames.contains(heap) ? DMAHeap.cmaNames : [heap]
    var bytes: [Int32: UInt64] = [:]
    for buffer in census.buffers where buffer.exporter.map({ names.contains($0.string) }) ?? false {
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

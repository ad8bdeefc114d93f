// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

/// `dmabuf alloc --list`: lists the sources of buffers and probes each by opening it.
struct SourceReport: Report, Encodable {
  struct Source: Encodable {
    let source: String
    let state: State
    /// The reason why the source cannot be used.
    @Nullable var reason: String?
    /// Sizes are rounded up to a multiple of this many bytes.
    let granule: Int
    /// The largest buffer in bytes that the driver permits.
    @Nullable var limit: UInt64?
    /// The number of bytes that the source can allocate now.
    @Nullable var available: UInt64?
    /// The meaning and the origin of the numbers.
    let note: String
  }

  enum State: String, Encodable {
    case works, denied, missing
  }

  let schema = "dmabuf.alloc-list/1"
  let sources: [Source]

  static func gather() throws -> SourceReport {
    let heaps = try DMAHeap.names().map { heap($0) }
    let system = heaps.contains { $0.source == "heap:system" } ? [] : [heap("system")]
    let hugePages = MemoryInformation.hugePageSizes().compactMap { page in
      MemoryInformation.hugePages(of: page).map { pages in
        udmabuf(
          page, note: "huge pages; \(pages.free) of \(pages.total) are free",
          absence: pages.total == 0 ? "no huge pages are set aside (nr_hugepages is 0)" : nil)
      }
    }
    return SourceReport(
      sources: system + heaps + [
        udmabuf(nil, note: "memory of the process, in pages of \(size(0))")
      ] + hugePages)
  }

  private static func heap(_ name: String) -> Source {
    let (state, reason) = attempt { _ = try DMAHeap(name) }
    let source = BufferSource.heap(name)
    return Source(
      source: "\(source)", state: state, reason: reason, granule: Mapping.pageSize, limit: nil,
      available: state == .missing ? nil : source.available(),
      note: name == "system" ? "scattered chunks of \(size(8)), \(size(4)) and \(size(0))" : note(onCMAHeap: name))
  }

  private static func note(onCMAHeap name: String) -> String {
    let area = DMAHeap.cmaArea(of: name)?.total
    if DMAHeap.cmaNames.contains(name) {
      let total = area ?? MemoryInformation().cmaTotal
      return "heap:cma; contiguous, from the CMA area" + (total.map { " of \(Units.size($0))" } ?? "")
    }
    return area.map { "contiguous, from a CMA area of \(Units.size($0))" } ?? ""
  }

  /// The size of 2 to the power of `order` pages.
  private static func size(_ order: Int) -> String { Units.size(UInt64(Mapping.pageSize << order)) }

  private static func udmabuf(_ page: Int?, note: String, absence: String? = nil) -> Source {
    var (state, reason) = attempt { _ = try UDMABuf() }
    if state == .works, let absence { (state, reason) = (.missing, absence) }
    let source = BufferSource.udmabuf(hugePageSize: page)
    return Source(
      source: "\(source)", state: state, reason: reason, granule: page ?? Mapping.pageSize,
      limit: state == .missing ? nil : UDMABuf.sizeLimit(),
      available: state == .missing ? nil : source.available(), note: note)
  }

  private static func attempt(_ open: () throws -> Void) -> (State, String?) {
    do {
      try open()
      return (.works, nil)
    } catch let error as KernelError {
      let reason = [error.errno.description, Advice.hint(for: error)].compactMap(\.self).joined(separator: "; ")
      return (Advice.status(for: error) == .missing ? .missing : .denied, reason)
    } catch {
      return (.denied, "\(error)")
    }
  }

  func text(style: Style) -> String {
    var table = Table(
      .init("SOURCE"), .init("STATE"), .init("LIMIT", .right), .init("AVAILABLE", .right), .init("NOTE"))
    table.rows = sources.map {
      [
        UntrustedText($0.source.utf8).escaped, $0.state.rawValue,
        $0.limit.map { $0 >= 1 << 50 ? "none" : Units.size($0) } ?? "-",
        $0.available.map(Units.size) ?? "-", $0.reason ?? $0.note,
      ]
    }
    return table.lines(style: style).joined(separator: "\n")
  }
}

// SPDX-License-Identifier: MIT
import SystemPackage

/// A source of new buffers.
public enum BufferSource: Hashable, Sendable {
  /// The dma-heap with this name.
  case heap(String)
  /// The heap over the default CMA area, under the name that this platform uses.
  case cmaHeap
  /// Memory of this process through `/dev/udmabuf`, in huge pages of `hugePageSize` bytes unless `nil`.
  case udmabuf(hugePageSize: Int?)
  /// Dumb buffers of a DRM device. The text is the driver's name, the primary node's name or the node's path.
  case dumb(String)

  /// Parses `heap:NAME`, `heap:cma`, `udmabuf`, `udmabuf:2M` (a power of two with K, M or G), `drm:NODE`, or the path of
  /// a heap's, udmabuf's or DRM node. Returns `nil` for any other text.
  public init?(_ text: String) {
    let nodes = [(DMAHeap.directory + "/", "heap:"), (DRMNode.directory + "/", "drm:\(DRMNode.directory)/")]
    let text =
      text == UDMABuf.node
      ? "udmabuf"
      : nodes.first { text.utf8.starts(with: $0.0.utf8) }.map { $0.1 + text.dropFirst($0.0.count) } ?? text
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    switch (parts.first, parts.count > 1 ? parts[1] : nil) {
    case ("heap", "cma"?): self = .cmaHeap
    case ("heap", let name?)
    where !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && name.utf8.first != UInt8(ascii: "."):
      self = .heap(name)
    case ("drm", let name?) where !name.isEmpty: self = .dumb(name)
    case ("udmabuf", nil): self = .udmabuf(hugePageSize: nil)
    case ("udmabuf", let size?):
      guard let page = Self.pageSize(size) else { return nil }
      self = .udmabuf(hugePageSize: page)
    default: return nil
    }
  }

  /// Parses the size of huge pages: `64K`, `2M`, `1G`. Returns `nil` if it is not a power of two.
  private static func pageSize(_ text: String) -> Int? {
    let units: [UInt8: Int] = [UInt8(ascii: "K"): 10, UInt8(ascii: "M"): 20, UInt8(ascii: "G"): 30]
    guard let shift = text.utf8.last.flatMap({ units[$0] }), text.utf8.first != UInt8(ascii: "+"),
      let count = Int(text.dropLast()), (1..<1024).contains(count), count.nonzeroBitCount == 1
    else { return nil }
    return count << shift
  }

  /// Allocates one buffer of at least `size` bytes.
  ///
  /// Throws the error of the heap, of udmabuf or of the device; see ``DMAHeap``, ``UDMABuf`` and ``DRMNode``.
  public func allocate(_ size: Int, readOnly: Bool) throws -> DMABuffer {
    switch self {
    case .heap(let name): try DMAHeap(name).allocate(size, readOnly: readOnly)
    case .cmaHeap: try DMAHeap(Self.cmaHeapName()).allocate(size, readOnly: readOnly)
    case .udmabuf(let hugePageSize): try UDMABuf().allocate(size, hugePageSize: hugePageSize)
    case .dumb(let name): try Self.allocateDumb(size, from: name, readOnly: readOnly)
    }
  }

  private static func allocateDumb(_ size: Int, from name: String, readOnly: Bool) throws -> DMABuffer {
    let node = try DRMNode(DRMNode.find(name, primary: true))
    let (width, height) = dumbShape(of: size)
    return try node.makeDumbBuffer(width: width, height: height, bitsPerPixel: 32, readOnly: readOnly).releaseBuffer()
  }

  /// The width and height of a dumb buffer of `size` bytes. Dumb buffers are images: each line is one page long, each
  /// pixel four bytes.
  package static func dumbShape(of size: Int) -> (width: Int, height: Int) {
    let page = Mapping.pageSize
    return (page / 4, size / page + (size % page == 0 ? 0 : 1))
  }

  /// The name of this machine's default CMA heap. Throws ``NoCMAHeap`` when the machine has none.
  public static func cmaHeapName() throws -> String {
    let names = try DMAHeap.names()
    guard let name = DMAHeap.cmaNames.first(where: names.contains) else {
      throw NoCMAHeap()
    }
    return name
  }

  /// The number of bytes that the source can allocate now; `nil` when unknown.
  public func available() -> UInt64? {
    switch self {
    case .cmaHeap: (try? Self.cmaHeapName()).flatMap { Self.free(inAreaOf: $0) }
    case .heap(let name) where DMAHeap.isCMA(name): Self.free(inAreaOf: name)
    case .udmabuf(let page?):
      MemoryInformation.hugePages(of: page).map {
        ($0.free + MemoryInformation.surplusHugePages(of: page)).multipliedReportingOverflow(by: UInt64(page))
          .partialValue
      }
    case .dumb: MemoryInformation().available
    case .heap, .udmabuf(nil): isOrdinaryMemory ? MemoryInformation().available : nil
    }
  }

  /// The free memory of a CMA heap; where the kernel does not tell, that of all areas together.
  private static func free(inAreaOf heap: String) -> UInt64? {
    DMAHeap.cmaArea(of: heap)?.free ?? MemoryInformation().cmaFree
  }

  /// Whether the buffers use memory that the kernel takes from processes when memory runs out.
  public var isOrdinaryMemory: Bool {
    switch self {
    case .heap(let name): name == "system" || name.utf8.starts(with: "system-".utf8)
    case .udmabuf(let hugePageSize): hugePageSize == nil
    case .cmaHeap, .dumb: false
    }
  }

  /// The name of the heap if the source is one over a CMA area.
  public var cmaHeap: String? {
    switch self {
    case .cmaHeap: try? Self.cmaHeapName()
    case .heap(let name): DMAHeap.isCMA(name) ? name : nil
    case .udmabuf, .dumb: nil
    }
  }
}

extension BufferSource: CustomStringConvertible {
  /// The source as users type it.
  public var description: String {
    switch self {
    case .heap(let name): "heap:\(name)"
    case .cmaHeap: "heap:cma"
    case .udmabuf(nil): "udmabuf"
    case .udmabuf(let page?):
      "udmabuf:" + (page >= 1 << 30 ? "\(page >> 30)G" : page >= 1 << 20 ? "\(page >> 20)M" : "\(page >> 10)K")
    case .dumb(let name): "drm:\(name)"
    }
  }
}

/// A machine without a heap over its default CMA area.
public struct NoCMAHeap: Error, Equatable, Sendable, CustomStringConvertible {
  /// The same text as the error of a missing node.
  public var description: String { "\(DMAHeap.directory): open: \(Errno.noSuchFileOrDirectory)" }
}

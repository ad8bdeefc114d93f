// SPDX-License-Identifier: MIT
import SystemPackage

/// Where new buffers come from.
public enum BufferSource: Hashable, Sendable {
  /// The dma-heap of that name.
  case heap(String)
  /// Whatever this platform calls the heap over its default CMA area.
  case cmaHeap
  /// Memory of this process through `/dev/udmabuf`, in huge pages of that many bytes if given.
  case udmabuf(hugePageSize: Int?)
  /// Dumb buffers of a DRM device, called by its driver, its primary node's name or its path.
  case dumb(String)

  /// Reads `heap:NAME`, `heap:cma`, `udmabuf`, `udmabuf:2M`, `udmabuf:1G`, `drm:NODE`, or the path of a node of
  /// one of them; `nil` for anything else.
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
    case ("udmabuf", "2M"?): self = .udmabuf(hugePageSize: 2 << 20)
    case ("udmabuf", "1G"?): self = .udmabuf(hugePageSize: 1 << 30)
    default: return nil
    }
  }

  /// Allocates one buffer of at least `size` bytes.
  ///
  /// Throws the refusal of the heap, of udmabuf or of the device; see ``DMAHeap``, ``UDMABuf`` and
  /// ``DRMNode``.
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

  /// Dumb buffers are images: one of lines as long as a page, four bytes to the pixel.
  package static func dumbShape(of size: Int) -> (width: Int, height: Int) {
    let page = Mapping.pageSize
    return (page / 4, size / page + (size % page == 0 ? 0 : 1))
  }

  /// The name of this machine's default CMA heap. Throws ``NoCMAHeap`` when it has none.
  public static func cmaHeapName() throws -> String {
    let names = try DMAHeap.names()
    guard let name = DMAHeap.cmaNames.first(where: names.contains) else {
      throw NoCMAHeap()
    }
    return name
  }

  /// Bytes that can be had from it now; `nil` when nothing tells.
  public func available() -> UInt64? {
    switch self {
    case .cmaHeap: MemoryInformation().cmaFree
    case .heap(let name) where DMAHeap.cmaNames.contains(name): MemoryInformation().cmaFree
    case .udmabuf(let page?):
      MemoryInformation.hugePages(of: page).map {
        ($0.free + MemoryInformation.surplusHugePages(of: page)).multipliedReportingOverflow(by: UInt64(page))
          .partialValue
      }
    case .dumb: MemoryInformation().available
    case .heap, .udmabuf(nil): isOrdinaryMemory ? MemoryInformation().available : nil
    }
  }

  /// Is it memory that the kernel takes from processes when it runs out?
  public var isOrdinaryMemory: Bool {
    switch self {
    case .heap(let name): name == "system" || name.utf8.starts(with: "system-".utf8)
    case .udmabuf(let hugePageSize): hugePageSize == nil
    case .cmaHeap, .dumb: false
    }
  }

  /// Is it a heap over the default CMA area?
  public var isCMA: Bool {
    switch self {
    case .cmaHeap: true
    case .heap(let name): DMAHeap.cmaNames.contains(name)
    case .udmabuf, .dumb: false
    }
  }
}

extension BufferSource: CustomStringConvertible {
  /// As it is typed.
  public var description: String {
    switch self {
    case .heap(let name): "heap:\(name)"
    case .cmaHeap: "heap:cma"
    case .udmabuf(nil): "udmabuf"
    case .udmabuf(let page?): "udmabuf:" + (page >= 1 << 30 ? "\(page >> 30)G" : "\(page >> 20)M")
    case .dumb(let name): "drm:\(name)"
    }
  }
}

/// A machine without a heap over its default CMA area.
public struct NoCMAHeap: Error, Equatable, Sendable, CustomStringConvertible {
  /// As of a node that is not there.
  public var description: String { "\(DMAHeap.directory): open: \(Errno.noSuchFileOrDirectory)" }
}

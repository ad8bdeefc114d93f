import SystemPackage

/// Where new buffers come from.
public enum BufferSource: Hashable, Sendable {
  /// The dma-heap of that name.
  case heap(String)
  /// Whatever this platform calls the heap over its default CMA area.
  case contiguousHeap
  /// Memory of this process through `/dev/udmabuf`, in huge pages of that many bytes if given.
  case userMemory(hugePageSize: Int?)
  /// Dumb buffers of a DRM device, called by its driver, its primary node's name or its path.
  case dumb(String)

  /// Reads `heap:NAME`, `heap:cma`, `udmabuf`, `udmabuf:2M`, `udmabuf:1G`, `drm:NODE`, or the path of a node of
  /// one of them; `nil` for anything else.
  public init?(_ text: String) {
    let nodes = [(Heap.directory + "/", "heap:"), (DRMNode.directory + "/", "drm:\(DRMNode.directory)/")]
    let text =
      text == UserMemory.node
      ? "udmabuf"
      : nodes.first { text.utf8.starts(with: $0.0.utf8) }.map { $0.1 + text.dropFirst($0.0.count) } ?? text
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    switch (parts.first, parts.count > 1 ? parts[1] : nil) {
    case ("heap", "cma"?): self = .contiguousHeap
    case ("heap", let name?)
    where !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && name.utf8.first != UInt8(ascii: "."):
      self = .heap(name)
    case ("drm", let name?) where !name.isEmpty: self = .dumb(name)
    case ("udmabuf", nil): self = .userMemory(hugePageSize: nil)
    case ("udmabuf", "2M"?): self = .userMemory(hugePageSize: 2 << 20)
    case ("udmabuf", "1G"?): self = .userMemory(hugePageSize: 1 << 30)
    default: return nil
    }
  }

  /// Allocates one buffer of at least `size` bytes.
  ///
  /// Throws the refusal of the heap, of udmabuf or of the device; see ``Heap``, ``UserMemory`` and
  /// ``DRMNode``.
  public func allocate(_ size: Int, readOnly: Bool) throws -> DMABuffer {
    switch self {
    case .heap(let name): try Heap(name).allocate(size, readOnly: readOnly)
    case .contiguousHeap: try Heap(Self.contiguousHeapName()).allocate(size, readOnly: readOnly)
    case .userMemory(let hugePageSize): try UserMemory().allocate(size, hugePageSize: hugePageSize)
    case .dumb(let name): try Self.allocateDumb(size, from: name, readOnly: readOnly)
    }
  }

  private static func allocateDumb(_ size: Int, from name: String, readOnly: Bool) throws -> DMABuffer {
    let node = try DRMNode(DRMNode.find(name, primary: true))
    let (width, height) = dumbShape(of: size)
    return try node.makeDumbBuffer(width: width, height: height, bitsPerPixel: 32, readOnly: readOnly).releaseBuffer()
  }

  /// Dumb buffers are images: one of lines as long as a page, four bytes to the pixel.
  static func dumbShape(of size: Int) -> (width: Int, height: Int) {
    let page = Mapping.pageSize
    return (page / 4, size / page + (size % page == 0 ? 0 : 1))
  }

  /// The name of this machine's default CMA heap. Throws `ENOENT` when it has none.
  public static func contiguousHeapName() throws(KernelError) -> String {
    let names = try Heap.names()
    guard let name = Heap.contiguousNames.first(where: names.contains) else {
      throw KernelError("open", on: Heap.directory, errno: .noSuchFileOrDirectory)
    }
    return name
  }

  /// Bytes that can be had from it now; `nil` when nothing tells.
  public func available() -> UInt64? {
    switch self {
    case .contiguousHeap: MemoryInformation().contiguousFree
    case .heap(let name) where Heap.contiguousNames.contains(name): MemoryInformation().contiguousFree
    case .userMemory(let page?):
      MemoryInformation.hugePages(of: page).map {
        ($0.free + MemoryInformation.surplusHugePages(of: page)).multipliedReportingOverflow(by: UInt64(page))
          .partialValue
      }
    case .dumb: MemoryInformation().available
    case .heap, .userMemory(nil): isOrdinaryMemory ? MemoryInformation().available : nil
    }
  }

  /// Is it memory that the kernel takes from processes when it runs out?
  public var isOrdinaryMemory: Bool {
    switch self {
    case .heap(let name): name == "system" || name.utf8.starts(with: "system-".utf8)
    case .userMemory(let hugePageSize): hugePageSize == nil
    case .contiguousHeap, .dumb: false
    }
  }

  /// Is it a heap over the default CMA area?
  public var isContiguous: Bool {
    switch self {
    case .contiguousHeap: true
    case .heap(let name): Heap.contiguousNames.contains(name)
    case .userMemory, .dumb: false
    }
  }
}

extension BufferSource: CustomStringConvertible {
  /// As it is typed.
  public var description: String {
    switch self {
    case .heap(let name): "heap:\(name)"
    case .contiguousHeap: "heap:cma"
    case .userMemory(nil): "udmabuf"
    case .userMemory(let page?): "udmabuf:" + (page >= 1 << 30 ? "\(page >> 30)G" : "\(page >> 20)M")
    case .dumb(let name): "drm:\(name)"
    }
  }
}

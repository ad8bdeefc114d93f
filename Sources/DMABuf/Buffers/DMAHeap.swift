// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A dma-heap: an allocator of the kernel with a node in `/dev/dma_heap`.
public struct DMAHeap: ~Copyable, Sendable {
  /// The directory of the heaps' nodes.
  public static let directory = "/dev/dma_heap"

  /// The names that kernels and platforms give to the heap over the default CMA area, newest first.
  public static let cmaNames = ["default_cma_region", "reserved", "linux,cma", "default-pool"]

  /// The free and total bytes of the CMA area that the heap `name` allocates from; `nil` for other heaps, and on kernels
  /// that do not tell. From Linux 6.17 on, each area has a heap of its name.
  public static func cmaArea(of name: String, root: String = "") -> (free: UInt64, total: UInt64)? {
    // The heap over the default area can have another name than the area.
    (cmaNames.contains(name) ? [name] + cmaNames : [name]).lazy
      .compactMap { MemoryInformation.cmaArea($0, root: root) }.first
  }

  /// Whether the heap `name` allocates from a CMA area, as far as the kernel tells.
  public static func isCMA(_ name: String) -> Bool { cmaNames.contains(name) || cmaArea(of: name) != nil }

  /// The node's name, which is also the exporter's name of its buffers.
  public let name: String
  package let file: OpenFile

  /// Opens the heap's node. The open mode does not limit the buffers.
  ///
  /// Throws `ENOENT` when the heap does not exist and `EACCES` when this user may not use the heap.
  public init(_ name: String) throws(KernelError) {
    file = try OpenFile(Self.directory + "/" + name, O_RDONLY)
    self.name = name
  }

  /// The names of all heaps, sorted. The list is empty when the kernel has no heaps.
  public static func names() throws(KernelError) -> [String] {
    do {
      return try Directory(directory).names().sorted()
    } catch  where error.errno == .noSuchFileOrDirectory {
      return []
    }
  }

  /// Allocates zeroed memory. The kernel rounds `size` up to whole pages.
  ///
  /// Corresponds to `DMA_HEAP_IOCTL_ALLOC`. The kernel does not compare the size with the memory that is free; the
  /// caller has to. Throws `ENOMEM` from CMA heaps, `EMFILE` without a free descriptor.
  public func allocate(_ size: Int, readOnly: Bool = false) throws -> DMABuffer {
    let descriptor = try allocateDescriptor(size, readOnly: readOnly)
    return try DMABuffer(OpenFile(descriptor, name: "heap:\(name)"))
  }

  /// Allocates a buffer with one ioctl alone, without checking the resulting descriptor.
  package func allocateDescriptor(_ size: Int, readOnly: Bool = false) throws(KernelError) -> OwnedDescriptor {
    var argument = dma_heap_allocation_data()
    argument.len = UInt64(size)
    argument.fd_flags = UInt32(O_CLOEXEC | (readOnly ? O_RDONLY : O_RDWR))
    try file.ioctl(Request(.DMA_HEAP_IOCTL_ALLOC, CDMABUF_DMA_HEAP_IOCTL_ALLOC), &argument)
    return OwnedDescriptor(owning: CInt(argument.fd))
  }
}

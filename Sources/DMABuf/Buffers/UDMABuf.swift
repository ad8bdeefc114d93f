// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// The udmabuf device, which creates dma-bufs from a process's own memory (a sealed memfd).
public struct UDMABuf: ~Copyable, Sendable {
  /// The device's node.
  public static let node = "/dev/udmabuf"

  package let file: OpenFile

  /// Opens the node. Throws `ENOENT` without the driver and `EACCES` when this user may not use the node.
  public init() throws(KernelError) { file = try OpenFile(Self.node, O_RDWR) }

  /// Allocates a buffer of zeroed memory. `size` is rounded up to whole pages, or to whole huge pages of `hugePageSize`
  /// bytes, which come from the machine's pool.
  ///
  /// Corresponds to `UDMABUF_CREATE` on a memfd sealed with `F_SEAL_SHRINK`. Throws `EINVAL` when the size is above the
  /// module's limit, `ENOSPC` when the pool of huge pages is exhausted.
  public func allocate(_ size: Int, hugePageSize: Int? = nil) throws -> DMABuffer {
    try DMABuffer(OpenFile(allocateDescriptor(size, hugePageSize: hugePageSize), name: "udmabuf"))
  }

  /// Allocates a buffer with the necessary calls alone, without checking the resulting descriptor.
  package func allocateDescriptor(_ size: Int, hugePageSize: Int? = nil) throws(KernelError) -> OwnedDescriptor {
    let page = hugePageSize ?? Mapping.pageSize
    // An overflow makes the length negative, and the kernel refuses it.
    let length = (size &+ (page - 1)) & ~(page - 1)
    let memory = try Self.sealedMemory(length, hugePageSize: hugePageSize)

    var argument = udmabuf_create()
    argument.memfd = UInt32(memory.descriptor.rawValue)
    argument.flags = UInt32(UDMABUF_FLAGS_CLOEXEC)
    argument.size = UInt64(bitPattern: Int64(length))
    return OwnedDescriptor(owning: try file.ioctl(Request(.UDMABUF_CREATE, CDMABUF_UDMABUF_CREATE), &argument))
  }

  private static func sealedMemory(_ length: Int, hugePageSize: Int?) throws(KernelError) -> OpenFile {
    var flags = MFD_CLOEXEC | MFD_ALLOW_SEALING
    if let hugePageSize {
      // The top bits of the flags contain the logarithm of the page size.
      flags |= MFD_HUGETLB | UInt32(hugePageSize.trailingZeroBitCount) << UInt32(MFD_HUGE_SHIFT)
    }
    let number = unsafe cdmabuf_memfd_create("dmabuf", flags)
    guard number >= 0 else { throw KernelError(.memfd_create, on: "memfd") }
    let memory = OpenFile(OwnedDescriptor(owning: number), name: "memfd")
    guard ftruncate(number, off_t(length)) == 0 else { throw KernelError(.ftruncate, on: "memfd") }
    // Kernels before 6.12 refuse huge pages that were never allocated.
    if hugePageSize != nil, cdmabuf_fallocate(number, off_t(length)) != 0 {
      throw KernelError(.fallocate, on: "hugetlb memfd")
    }
    guard cdmabuf_fcntl(number, CDMABUF_F_ADD_SEALS, CDMABUF_F_SEAL_SHRINK) == 0 else {
      throw KernelError(.F_ADD_SEALS, on: "memfd")
    }
    return memory
  }

  /// The file of the module parameter that limits one buffer's size, in MiB.
  public static let sizeLimitFile = "/sys/module/udmabuf/parameters/size_limit_mb"

  /// The file of the module parameter that limits the number of pieces of a buffer.
  public static let listLimitFile = "/sys/module/udmabuf/parameters/list_limit"

  /// The largest number of pieces of a buffer (1024 by default); `nil` when the parameter cannot be read.
  public static func listLimit(root: String = "") -> UInt64? { SmallFile.number(root + listLimitFile) }

  /// The largest buffer in bytes (64 MiB by default until Linux 7); `nil` when the parameter cannot be read.
  public static func sizeLimit(root: String = "") -> UInt64? {
    SmallFile.number(root + sizeLimitFile).map { $0 << 20 }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A dma-buf: memory that devices and processes share through a descriptor. The memory is freed when no descriptor,
/// mapping or device references it any more.
public struct DMABuffer: ~Copyable, Sendable {
  /// The descriptor.
  public let file: OpenFile
  /// Inode number, unique among all dma-bufs of this boot.
  public let inode: UInt64
  /// Size in bytes, as the exporter set it.
  public let size: Int

  /// Takes ownership of a descriptor after checking that it is a dma-buf.
  ///
  /// Throws ``WrongKind`` for any other file, and ``KernelError`` when the kind cannot be determined.
  public init(_ file: consuming OpenFile) throws {
    guard cdmabuf_magic(file.descriptor.rawValue) == CDMABUF_SUPER_MAGIC else {
      throw WrongKind(
        subject: file.name, kind: try DescriptorKind.of(descriptor: file.descriptor.rawValue))
    }
    let status = try file.status()
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    self.file = file
  }

  /// The descriptor's number, for passing the buffer to a command.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// Whether the CPU may read and write through this descriptor.
  ///
  /// Corresponds to `fcntl(F_GETFL) & O_ACCMODE`. The mode limits `mmap(2)` alone: a device can write into the buffer
  /// of a read-only descriptor.
  public var accessMode: AccessMode {
    switch cdmabuf_fcntl(file.descriptor.rawValue, F_GETFL, 0) & O_ACCMODE {
    case O_RDONLY: .readOnly
    case O_WRONLY: .writeOnly
    case O_RDWR: .readWrite
    default: .none
    }
  }

  /// The access mode of a descriptor.
  public enum AccessMode: Sendable {
    /// `O_RDONLY`: the buffer can be mapped for reading.
    case readOnly
    /// `O_WRONLY`: the buffer cannot be mapped, because every mapping of a file can be read.
    case writeOnly
    /// `O_RDWR`.
    case readWrite
    /// Access mode 3, which permits ioctls alone.
    case none
  }

  /// The contents of `/proc/self/fdinfo` for this descriptor.
  ///
  /// Throws ``FormatError`` when the text does not describe a dma-buf.
  public func information() throws -> DescriptorInformation {
    let path = "/proc/self/fdinfo/\(file.descriptor.rawValue)"
    let text = try SmallFile.read(path)
    guard let information = DescriptorInformation(parsing: text) else {
      throw FormatError(path, .unknownText)
    }
    return information
  }

  /// Sets the buffer's name, which lists of buffers show. The name has at most 31 bytes.
  ///
  /// Corresponds to `DMA_BUF_SET_NAME` (Linux 5.3). Throws `EINVAL` for longer names.
  public func setName(_ name: String) throws(KernelError) {
    var bytes = SystemText.bytes(name) + [0]
    try unsafe file.ioctl(Request<UInt8>(.DMA_BUF_SET_NAME, CDMABUF_DMA_BUF_SET_NAME), at: &bytes)
  }

  /// The longest name in bytes (`DMA_BUF_NAME_LEN` less its NUL).
  public static let longestName = Int(DMA_BUF_NAME_LEN) - 1

  /// Maps a range for the CPU. The range may start anywhere.
  ///
  /// Corresponds to `mmap(2)`. Throws `EACCES` when the access mode forbids the mapping, `EINVAL` past the end of the
  /// buffer or when the exporter does not support mappings.
  public func map(
    _ range: Range<Int>, for direction: AccessDirection, populate: Bool = false
  ) throws(KernelError) -> MappedRange {
    // Always map from the buffer's start: in Linux 6.1, shmem-backed GEM buffers (vgem and others) map their first page
    // wherever a mapping starts.
    let mapping = try Mapping(
      file, offset: 0, count: range.upperBound, protection: direction.protection, populate: populate)
    return MappedRange(mapping: mapping, skipping: range.lowerBound)
  }
}

/// A mapped range of a buffer.
public struct MappedRange: ~Copyable, Sendable {
  package let mapping: Mapping
  package let skipped: Int

  init(mapping: consuming Mapping, skipping skipped: Int) {
    self.mapping = mapping
    self.skipped = skipped
  }

  /// The bytes of the range. They are valid until the mapped range is freed.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: mapping.bytes[skipped...])
  }
}

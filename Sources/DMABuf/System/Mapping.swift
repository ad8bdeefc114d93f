// SPDX-License-Identifier: MIT
import Glibc

/// A shared mapping of a file, unmapped at the end of its scope.
@safe public struct Mapping: ~Copyable, @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  /// Length in bytes, as requested.
  public let count: Int

  /// Corresponds to `mmap(MAP_SHARED)`; `offset` is in bytes and a multiple of the page size.
  init(
    _ file: borrowing OpenFile, offset: Int, count: Int, protection: CInt, populate: Bool = false
  ) throws(KernelError) {
    let flags = populate ? MAP_SHARED | MAP_POPULATE : MAP_SHARED
    let address = unsafe mmap(nil, count, protection, flags, file.descriptor.rawValue, off_t(offset))
    guard unsafe address != MAP_FAILED, let address = unsafe address else {
      throw KernelError(.mmap, on: file.name)
    }
    unsafe base = address
    self.count = count
  }

  deinit { _ = unsafe munmap(base, count) }

  /// The bytes of the mapping. An access that the protection does not allow faults.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
  }

  /// The machine's page size in bytes.
  public static let pageSize = sysconf(CInt(_SC_PAGESIZE))
}

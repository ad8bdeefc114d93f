// SPDX-License-Identifier: MIT
internal import CXXHash

/// XXH3 with 64 bits over bytes in pieces. The result is the same as that of `xxhsum -H3` over all bytes.
@safe public struct Checksum: ~Copyable {
  private let state: OpaquePointer

  /// Creates the checksum of no bytes.
  public init() {
    guard let state = unsafe XXH3_createState() else { fatalError("out of memory") }
    unsafe XXH3_64bits_reset(state)
    unsafe self.state = state
  }

  deinit { _ = unsafe XXH3_freeState(state) }

  /// Adds more bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    _ = unsafe XXH3_64bits_update(state, bytes.baseAddress, bytes.count)
  }

  /// The hash of all bytes so far.
  public var value: UInt64 { unsafe XXH3_64bits_digest(state) }
}

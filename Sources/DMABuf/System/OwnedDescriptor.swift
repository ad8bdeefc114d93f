// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// The only owner of a file descriptor, which is closed at the end of the owner's scope.
public struct OwnedDescriptor: ~Copyable, Sendable {
  /// The descriptor's number, valid as long as the owner lives.
  public let rawValue: CInt

  /// Takes ownership of a descriptor that no other code closes.
  public init(owning rawValue: CInt) { self.rawValue = rawValue }

  deinit { _ = Glibc.close(rawValue) }

  /// Transfers the descriptor to the caller, who has to close it.
  public consuming func release() -> CInt {
    let rawValue = rawValue
    discard self
    return rawValue
  }

  /// Duplicates descriptor `number` of this process with close-on-exec. The original stays open.
  ///
  /// Corresponds to `fcntl(F_DUPFD_CLOEXEC)`. Throws `EBADF` when the descriptor does not exist.
  public init(duplicating number: CInt) throws(KernelError) {
    let copy = cdmabuf_fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw KernelError(.F_DUPFD_CLOEXEC, on: "fd:\(number)") }
    self.init(owning: copy)
  }
}

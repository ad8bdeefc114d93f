// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// The one owner of a file descriptor: closed at the end of its scope.
public struct OwnedDescriptor: ~Copyable, Sendable {
  /// The descriptor's number, valid as long as the owner lives.
  public let rawValue: CInt

  /// Takes over a descriptor that nothing else will close.
  public init(owning rawValue: CInt) { self.rawValue = rawValue }

  deinit { _ = Glibc.close(rawValue) }

  /// Hands the descriptor over to the caller, who closes it.
  public consuming func release() -> CInt {
    let rawValue = rawValue
    discard self
    return rawValue
  }

  /// A close-on-exec copy of descriptor `number` of this process; the original stays as it is.
  ///
  /// Corresponds to `fcntl(F_DUPFD_CLOEXEC)`. Throws `EBADF` when there is no such descriptor.
  public init(duplicating number: CInt) throws(KernelError) {
    let copy = cdmabuf_fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw KernelError(.F_DUPFD_CLOEXEC, on: "fd:\(number)") }
    self.init(owning: copy)
  }
}

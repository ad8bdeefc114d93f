// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
public import SystemPackage

/// The symbols of `errno(3)`, which scripts compare with.
public enum ErrnoName {
  /// `EINVAL`, or `errno N` for a number that libc does not know.
  public static func of(_ errno: Errno) -> String {
    guard let name = unsafe cdmabuf_errno_name(errno.rawValue) else { return "errno \(errno.rawValue)" }
    return unsafe String(cString: name)
  }
}

extension Errno {
  /// `EBADR`: to queues of V4L2, that buffers have to come with a media request.
  public static var invalidRequestDescriptor: Errno { Errno(rawValue: EBADR) }
}

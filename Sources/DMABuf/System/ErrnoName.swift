// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
public import SystemPackage

/// The symbols of `errno(3)`, for scripts that compare them.
public enum ErrnoName {
  /// `EINVAL`, or `errno N` for a number that libc does not know.
  public static func of(_ errno: Errno) -> String {
    guard let name = unsafe cdmabuf_errno_name(errno.rawValue) else { return "errno \(errno.rawValue)" }
    return unsafe String(cString: name)
  }
}

extension Errno {
  /// `EBADR`: a V4L2 queue requires a media request with each buffer.
  public static var invalidRequestDescriptor: Errno { Errno(rawValue: EBADR) }
}

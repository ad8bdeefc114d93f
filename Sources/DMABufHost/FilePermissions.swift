// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// The owner and mode of a file, to explain why access is denied.
package struct FilePermissions: Sendable {
  /// The owner's name, or the number if `/etc/passwd` does not list it.
  package let owner: String
  /// The group's name or number.
  package let group: String
  /// Permission bits.
  package let mode: UInt32
  /// Whether the file is a socket.
  package let isSocket: Bool
}

extension FilePermissions {
  /// Corresponds to `stat(2)`; `nil` if the file does not exist.
  package init?(_ path: String) {
    var status = stat()
    guard unsafe path.withSystemBytes({ unsafe stat($0, &status) }) == 0 else { return nil }
    owner = Users.name(of: status.st_uid) ?? String(status.st_uid)
    group = Users.groupName(of: status.st_gid) ?? String(status.st_gid)
    mode = status.st_mode & 0o7777
    isSocket = status.st_mode & S_IFMT == S_IFSOCK
  }
}

extension FilePermissions: CustomStringConvertible {
  /// `OWNER:GROUP, mode 0660`.
  package var description: String {
    "\(owner):\(group), mode " + mode.digits(4, radix: 8)
  }
}

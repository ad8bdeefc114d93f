// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// Who may use a file: for telling a user why it is denied.
package struct FilePermissions: Sendable {
  /// Owner's name, or its number where `/etc/passwd` does not know it.
  package let owner: String
  /// Group's name or number.
  package let group: String
  /// Permission bits.
  package let mode: UInt32
  /// Is it a socket?
  package let isSocket: Bool

  /// Corresponds to `stat(2)`; `nil` if there is no such file.
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

// SPDX-License-Identifier: MIT
internal import CVersion

/// The version, and what was built in.
enum Version {
  /// Scripts read the first line.
  static var text: String { unsafe String(cString: cversion_text()) }
}

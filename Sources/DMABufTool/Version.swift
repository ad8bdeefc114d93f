// SPDX-License-Identifier: MIT
internal import CVersion

/// The version, and the features that were built in.
enum Version {
  /// Scripts read the first line of the text.
  static var text: String { unsafe String(cString: cversion_text()) }
}

// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// Patterns like those of the shell: `*`, `?` and `[…]`, over bytes.
enum Glob {
  static func matches(_ text: String, _ pattern: String) -> Bool {
    unsafe pattern.withSystemBytes { pattern in unsafe text.withSystemBytes { unsafe fnmatch(pattern, $0, 0) == 0 } }
  }

  static func matches(_ text: UntrustedText, _ pattern: String) -> Bool {
    matches(SystemText.string(text.bytes), pattern)
  }
}

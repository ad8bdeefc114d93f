import Glibc

/// Patterns as the shell's: `*`, `?` and `[…]`.
enum Glob {
  static func matches(_ text: String, _ pattern: String) -> Bool { unsafe fnmatch(pattern, text, 0) == 0 }
}

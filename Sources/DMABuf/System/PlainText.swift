// SPDX-License-Identifier: MIT
extension StringProtocol {
  /// The parts of the text between separators.
  ///
  /// `split(separator:)` of a string goes by Characters, and a separator with a combining mark after it is another
  /// Character: text from outside would choose where it is split.
  package func split(
    scalar separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [Substring] {
    Substring(self).unicodeScalars
      .split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences)
      .map { Substring($0) }
  }

  /// Is there a slash in it, whatever follows?
  package var hasSlash: Bool { utf8.contains(UInt8(ascii: "/")) }
}

extension BinaryInteger {
  /// The number's digits, with zeros before them up to `count`.
  package func digits(_ count: Int, radix: Int = 10) -> String {
    let digits = String(self, radix: radix)
    return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
  }
}

// SPDX-License-Identifier: MIT
extension StringProtocol {
  /// The parts of the text between separators.
  ///
  /// `split(separator:)` of a string works on Characters. A separator followed by a combining mark is another
  /// Character, so untrusted text could hide a separator.
  package func split(
    scalar separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [Substring] {
    Substring(self).unicodeScalars
      .split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences)
      .map { Substring($0) }
  }

  /// Whether the text contains a slash, even one that a combining mark follows.
  package var hasSlash: Bool { utf8.contains(UInt8(ascii: "/")) }
}

/// Numbers in the kernel's texts.
package enum Digits {
  /// A decimal number that is the whole text: only digits.
  package static func number(_ text: some Collection<UInt8>) -> UInt64? {
    guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(String(decoding: text, as: UTF8.self))
  }
}

extension BinaryInteger {
  /// The number's digits, with leading zeros up to `count` digits.
  package func digits(_ count: Int, radix: Int = 10) -> String {
    let digits = String(self, radix: radix)
    return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
  }
}

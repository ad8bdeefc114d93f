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

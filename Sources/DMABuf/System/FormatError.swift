// SPDX-License-Identifier: MIT
import SystemPackage

/// A file of the kernel's, or of the user's, that does not hold what it should.
public struct FormatError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Reason: Equatable, Sendable {
    /// It is longer than anything that makes sense there.
    case tooLong
    /// Its text is in an unknown format, from some place on.
    case unknownText
    /// Its rows have no inode numbers: Linux before 5.3.
    case noInodes
  }

  /// The file's path.
  public let path: String
  /// What is wrong.
  public let reason: Reason

  package init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

extension FormatError: CustomStringConvertible {
  /// `PATH: read: strerror`, in the words that the kernel has for such things.
  public var description: String {
    let words: Errno =
      switch reason {
      case .tooLong: .fileTooLarge
      case .unknownText: .badMessage
      case .noInodes: .notSupported
      }
    return "\(path): read: \(words)"
  }
}

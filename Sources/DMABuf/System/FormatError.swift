// SPDX-License-Identifier: MIT
import SystemPackage

/// An error: a file of the kernel or of the user has unexpected contents.
public struct FormatError: Error, Equatable, Sendable {
  /// The reason why the contents were refused.
  public enum Reason: Equatable, Sendable {
    /// The file is longer than any valid contents.
    case tooLong
    /// The text is in an unknown format, from some line on.
    case unknownText
    /// The rows have no inode numbers: Linux before 5.3.
    case noInodes
  }

  /// The file's path.
  public let path: String
  /// The reason.
  public let reason: Reason

  package init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

extension FormatError: CustomStringConvertible {
  /// `PATH: read: strerror`, with the closest message of the kernel.
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

// SPDX-License-Identifier: MIT
import Glibc

/// A kernel's version, reduced to its first two numbers.
public struct KernelVersion: Comparable, Sendable, CustomStringConvertible {
  package let major: Int
  package let minor: Int

  /// The version `major`.`minor`.
  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Parses `6.12.57+deb13-amd64`. The result is 0.0 for a text that is not a version.
  public init(release: String) {
    let numbers = release.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
    self.init(numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
  }

  /// The version of the running kernel, from `uname(2)`.
  public static var running: KernelVersion {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return KernelVersion(0, 0) }
    return unsafe withUnsafeBytes(of: &names.release) {
      KernelVersion(release: unsafe String(decoding: $0, as: UTF8.self))
    }
  }

  /// The kernel's name of the processor, from `uname(2)`: `x86_64`, `aarch64`. Empty if the call fails.
  package static var architecture: String {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return "" }
    return unsafe withUnsafeBytes(of: &names.machine) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Whether the left version is older.
  public static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

  /// `6.12`.
  public var description: String { "\(major).\(minor)" }
}

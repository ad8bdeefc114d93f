// SPDX-License-Identifier: MIT
import Glibc

/// Text of the system: arguments, paths and the environment are bytes, which need not be UTF-8.
///
/// Each byte that is not part of a valid character becomes one of the private characters U+EF80 to U+EFFF. The bytes of
/// these characters are replaced in the same way. So a `String` loses no information, and `withSystemBytes(_:)` of
/// `String` restores the bytes for the kernel.
public enum SystemText {
  private static let escapes: ClosedRange<UInt32> = 0xef80...0xefff

  /// Converts bytes to text.
  public static func string(_ bytes: some Sequence<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    var rest = Array(bytes)[...]
    while let first = rest.first {
      let width = UntrustedText.sequenceLength(first)
      if let text = String(validating: rest.prefix(width), as: UTF8.self), let scalar = text.unicodeScalars.first,
        !escapes.contains(scalar.value)
      {
        result.append(scalar)
        rest = rest.dropFirst(width)
      } else {
        result.append(Unicode.Scalar(first < 0x80 ? UInt16(first) : 0xef00 + UInt16(first)) ?? "\u{fffd}")
        rest = rest.dropFirst()
      }
    }
    return String(result)
  }

  /// Converts the bytes before a NUL to text.
  package static func string(cString: UnsafePointer<CChar>) -> String {
    unsafe string(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  /// Converts text to the original bytes.
  public static func bytes(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if let byte = byte(scalar) {
        result.append(byte)
      } else {
        result += UTF8.encode(scalar)?.map(\.self) ?? []
      }
    }
    return result
  }

  /// The byte that a private character stands for; `nil` for any other character.
  public static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    escapes.contains(scalar.value) ? UInt8(scalar.value & 0xff) : nil
  }
}

extension String {
  /// Calls `body` with the original bytes of this text, NUL-terminated and valid during the call.
  public func withSystemBytes<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    // All these private characters begin with this byte, which few texts contain.
    guard utf8.contains(0xee) else { return try unsafe withCString(body) }
    let bytes = SystemText.bytes(self).map { CChar(bitPattern: $0) } + [0]
    return try unsafe bytes.withUnsafeBufferPointer { try unsafe body($0.baseAddress!) }
  }
}

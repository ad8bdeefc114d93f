// SPDX-License-Identifier: MIT
/// Text from the kernel or another process: buffer names, exporters, command names. Any process may have put any bytes
/// in it.
public struct UntrustedText: Hashable, Sendable {
  /// The unchanged bytes.
  public let bytes: [UInt8]

  /// Creates a text from bytes.
  public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// The text, with each invalid byte replaced by U+FFFD. Control characters stay.
  public var string: String { String(decoding: bytes, as: UTF8.self) }

  /// The text in a form that is safe for a terminal. Control characters, invisible formatting characters, invalid UTF-8
  /// and the backslash itself are written as `\n`, `\x1b`, `\u{202e}`, `\\`.
  public var escaped: String {
    let backslash = UInt8(ascii: "\\")
    // Most texts are only of visible ASCII.
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != backslash }) { return string }
    var result = ""
    var rest = bytes[...]
    while let first = rest.first {
      let width = Self.sequenceLength(first)
      if let text = String(validating: rest.prefix(width), as: UTF8.self), let scalar = text.unicodeScalars.first {
        result += Self.visible(scalar)
        rest = rest.dropFirst(width)
      } else {
        result += Self.hexadecimal(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// The number of bytes in a UTF-8 sequence that starts with `byte`.
  static func sequenceLength(_ byte: UInt8) -> Int {
    switch (~byte).leadingZeroBitCount {
    case 2...4: (~byte).leadingZeroBitCount
    default: 1
    }
  }

  /// Formats a character as ``escaped`` does.
  public static func visible(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\\": "\\\\"
    case "\n": "\\n"
    case "\t": "\\t"
    case "\r": "\\r"
    case _ where isVisible(scalar): String(scalar)
    case _ where scalar.isASCII: hexadecimal(UInt8(scalar.value))
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }

  /// Whether the character is visible. Control characters (C0, DEL, C1), characters that only format the text around
  /// them (such as direction overrides) and unassigned characters are not.
  public static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return 0x20...0x7e ~= scalar.value }
    return switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }

  /// Formats a byte that is not part of a character, as ``escaped`` does.
  public static func hexadecimal(_ byte: UInt8) -> String { "\\x" + byte.digits(2, radix: 16) }
}

extension UntrustedText {
  /// The bytes of a C array up to its first NUL.
  package init<CharacterArray: BitwiseCopyable>(terminated characters: CharacterArray) {
    self = unsafe withUnsafeBytes(of: characters) { bytes in unsafe UntrustedText(bytes.prefix { $0 != 0 }) }
  }
}

extension UntrustedText: Encodable {
  /// Encodes ``string``. Encoders escape control characters themselves.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(string)
  }
}

// SPDX-License-Identifier: MIT
import DMABuf

/// Text from outside in the forms of output: one function for each form.
///
/// All of them work on Unicode scalars or bytes. A quote and the combining mark after it are one `Character`, which
/// is not equal to a quote.
enum Escaping {
  /// Text that is sent to a terminal: escapes what ``UntrustedText/escaped`` does, but no backslash, as parts of the
  /// text may be escaped already. Bytes of arguments that are no characters are `\xff`.
  static func visible(_ text: String) -> String {
    replacing(text) { scalar in
      if let byte = SystemText.byte(scalar) { return UntrustedText.hexadecimal(byte) }
      return scalar == "\\" ? nil : UntrustedText.visible(scalar)
    }
  }

  /// Text and attribute values of XML, which cannot contain most control characters at all.
  static func xml(_ text: String) -> String {
    replacing(visible(text)) { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: nil
      }
    }
  }

  /// Part of a quoted label of dot(1), which also expands XML's entities.
  static func dot(_ text: String) -> String {
    replacing(visible(text)) { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "&": "&amp;"
      default: nil
      }
    }
  }

  /// A field of CSV as RFC 4180 has it, in quotes where it needs them.
  static func csv(_ text: String) -> String {
    let text = visible(text)
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else { return text }
    return "\"" + replacing(text) { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// A scalar of YAML in single quotes.
  static func yaml(_ text: String) -> String { "'" + replacing(visible(text)) { $0 == "'" ? "''" : nil } + "'" }

  /// The description of a TAP test, in which a `#` begins a directive.
  static func tap(_ text: String) -> String { replacing(visible(text)) { $0 == "#" ? "\\#" : nil } }

  /// The value of a Prometheus label. The format can write every character; a terminal must not get all of them.
  static func label(_ text: String, isTerminal: Bool) -> String {
    replacing(isTerminal ? visible(text) : text) { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "\n": "\\n"
      default: nil
      }
    }
  }

  /// A JSON document with an escape for each invisible character; JSON reads it as the same document.
  static func json(_ document: String) -> String {
    guard document.utf8.contains(where: { $0 >= 0x7f }) else { return document }
    return replacing(document) { $0.value < 0x20 ? nil : jsonEscape($0) }
  }

  /// `\u202e` for an invisible character, `nil` for any other.
  static func jsonEscape(_ scalar: Unicode.Scalar) -> String? {
    guard scalar.value >= 0x7f || scalar.value < 0x20, !UntrustedText.isVisible(scalar) else { return nil }
    return UTF16.encode(scalar)?.map { "\\u" + $0.digits(4, radix: 16) }.joined()
  }

  private static func replacing(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      if let text = replacement(scalar) { result += text } else { result.unicodeScalars.append(scalar) }
    }
  }
}

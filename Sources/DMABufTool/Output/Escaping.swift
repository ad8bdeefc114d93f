// SPDX-License-Identifier: MIT
import DMABuf

/// Escapes untrusted text: one function for each output format.
///
/// All functions work on Unicode scalars or bytes. A quote followed by a combining mark is one `Character`, which is
/// not equal to a quote.
enum Escaping {
  /// Escapes text for a terminal like ``UntrustedText/escaped``, except the backslash, because parts of the text may be
  /// escaped already. Bytes of arguments that are not valid characters become `\xff`.
  static func visible(_ text: String) -> String {
    replacing(text) { scalar in
      if let byte = SystemText.byte(scalar) { return UntrustedText.hexadecimal(byte) }
      return scalar == "\\" ? nil : UntrustedText.visible(scalar)
    }
  }

  /// Escapes text and attribute values of XML, which cannot contain most control characters at all.
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

  /// Escapes part of a quoted label of dot(1), which also expands XML's entities.
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

  /// Escapes a field of CSV as in RFC 4180, and quotes it if necessary.
  static func csv(_ text: String) -> String {
    let text = visible(text)
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else { return text }
    return "\"" + replacing(text) { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// Quotes a scalar of YAML in single quotes.
  static func yaml(_ text: String) -> String { "'" + replacing(visible(text)) { $0 == "'" ? "''" : nil } + "'" }

  /// Escapes the description of a TAP test, in which a `#` begins a directive.
  static func tap(_ text: String) -> String { replacing(visible(text)) { $0 == "#" ? "\\#" : nil } }

  /// Escapes the value of a Prometheus label. The format can contain every character, but a terminal must not receive
  /// all of them.
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

  /// Escapes invisible characters in a JSON document. The result is the same document to a JSON parser.
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

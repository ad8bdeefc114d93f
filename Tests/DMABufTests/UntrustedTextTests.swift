// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf

@Suite("Untrusted text")
struct UntrustedTextTests {
  static func escaped(_ bytes: [UInt8]) -> String { UntrustedText(bytes).escaped }
  static func escaped(_ text: String) -> String { UntrustedText(text.utf8).escaped }

  /// Scalars that control a terminal instead of being shown.
  static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0: false  // C0, DEL, C1
    case 0xad, 0x61c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff: false  // bidi, invisible
    case 0xd800..<0xe000, 0xfffe, 0xffff: false
    default: true
    }
  }

  @Test("A separator separates before any combining mark")
  func splitting() {
    #expect("a:\u{301}b:".split(scalar: ":", omittingEmptySubsequences: false) == ["a", "\u{301}b", ""])
    #expect(":\u{301}:".split(scalar: ":") == ["\u{301}"])
    #expect("a:b:c".split(scalar: ":", maxSplits: 1) == ["a", "b:c"])
    #expect("a/\u{301}".hasSlash && !"a".hasSlash)
  }

  @Test("Plain text does not change", arguments: ["camera", "a b", "Ångström", "バッファ", "🎥", "100 % {x} \"q\" 'q'"])
  func plainText(_ text: String) {
    #expect(Self.escaped(text) == text)
  }

  @Test(
    "Control characters are written as escapes",
    arguments: [
      ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r"), ("\u{1b}[31m", "\\x1b[31m"), ("\0", "\\x00"), ("\u{7f}", "\\x7f"),
      ("a\r\nb", "a\\r\\nb"),
    ])
  func controls(_ text: String, _ expected: String) {
    #expect(Self.escaped(text) == expected)
  }

  @Test("The backslash is doubled, so that text like an escape differs from an escape")
  func backslash() {
    #expect(Self.escaped("\\n") == "\\\\n")
  }

  @Test(
    "Characters that reorder or hide text are written as escapes",
    arguments: [
      ("\u{202e}gpj", "\\u{202e}gpj"), ("\u{2066}", "\\u{2066}"), ("a\u{200b}b", "a\\u{200b}b"),
      ("\u{feff}", "\\u{feff}"), ("\u{2028}", "\\u{2028}"), ("\u{e0041}", "\\u{e0041}"), ("\u{e000}", "\\u{e000}"),
    ])
  func invisibleCharacters(_ text: String, _ expected: String) {
    #expect(Self.escaped(text) == expected)
  }

  @Test("C1 control characters are always escaped", arguments: Array(UInt32(0x80)...0x9f))
  func c1Controls(_ value: UInt32) throws {
    let text = try String(#require(Unicode.Scalar(value)))
    #expect(Self.escaped(text).utf8.allSatisfy { 0x20...0x7e ~= $0 })
  }

  @Test(
    "Each byte of invalid UTF-8 is written in hexadecimal",
    arguments: [
      ([0xff], "\\xff"), ([0x80], "\\x80"),
      ([0xc0, 0x8a], "\\xc0\\x8a"), ([0xe0, 0x80, 0x8a], "\\xe0\\x80\\x8a"),  // overlong newlines
      ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"),  // a surrogate
      ([0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),  // beyond U+10FFFF
      ([0xf8, 0x88, 0x80, 0x80, 0x80], "\\xf8\\x88\\x80\\x80\\x80"),  // five bytes
      ([0xe2, 0x82], "\\xe2\\x82"), ([0xf0, 0x9f, 0x8e], "\\xf0\\x9f\\x8e"), ([0xc3], "\\xc3"),  // cut off
      ([0xc3, 0x28], "\\xc3("), ([0xe2, 0x28, 0xa1], "\\xe2(\\xa1"),
    ] as [([UInt8], String)])
  func invalidUTF8(_ bytes: [UInt8], _ expected: String) {
    #expect(Self.escaped(bytes) == expected)
  }

  @Test("Valid characters next to invalid bytes do not change")
  func validAmongInvalid() {
    #expect(Self.escaped([0xff] + Array("é".utf8) + [0xe2, 0x82] + Array("x".utf8)) == "\\xffé\\xe2\\x82x")
  }

  @Test("The empty text is empty")
  func empty() {
    #expect(Self.escaped([]) == "")
  }

  @Test("No single byte, alone or among letters, leads to a control character")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      for bytes in [[byte], [0x61, byte, 0x62], [byte, byte]] {
        #expect(Self.escaped(bytes).unicodeScalars.allSatisfy(Self.isHarmless), "byte \(byte)")
      }
    }
  }

  @Test("No random bytes lead to a control character")
  func randomBytes() {
    var random = Seeded(2024)
    for _ in 0..<5000 {
      let bytes = random.bytes(Int.random(in: 0...40, using: &random))
      guard Self.escaped(bytes).unicodeScalars.allSatisfy(Self.isHarmless) else {
        Issue.record("\(bytes)")
        return
      }
    }
  }

  @Test("Names with different bytes are never shown as equal")
  func unambiguous() {
    #expect(Self.escaped([0xc2, 0x85]) != Self.escaped([0x85]))
  }

  @Test("In a string, invalid bytes become U+FFFD and control characters do not change")
  func asString() {
    #expect(UntrustedText([0x61, 0xff, 0x0a]).string == "a\u{fffd}\n")
  }
}

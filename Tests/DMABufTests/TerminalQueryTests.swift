// SPDX-License-Identifier: MIT
import Testing

@testable import DMABufHost

/// The first answer of each test is that of a real terminal: kitty 0.26.5, and xterm 379 as VT340 and as VT420.
@Suite("What terminals report")
struct TerminalQueryTests {
  static func answer(_ text: String) -> TerminalQuery.Answer? { .init(parsing: Array(text.utf8)) }

  @Test("A terminal with kitty's graphics accepts the picture of the question")
  func kitty() {
    #expect(Self.answer("\u{1b}_Gi=31;OK\u{1b}\\\u{1b}[?62;c") == .init(hasKitty: true))
    #expect(Self.answer("\u{1b}_Gi=31;ENOTSUPPORTED:unknown\u{1b}\\\u{1b}[?62;c") == .init())
    #expect(Self.answer("\u{1b}_Gi=3;OK\u{1b}\\\u{1b}[?62;c") == .init())
  }

  @Test("A terminal with sixel graphics has feature 4, and may report its limits")
  func sixel() {
    #expect(
      Self.answer("\u{1b}[?1;0;1024S\u{1b}[?2;0;480;312S\u{1b}[?63;1;2;4;6;9;15;16;22;28c")
        == .init(hasSixel: true, colours: 1024, largest: .init(width: 480, height: 312)))
    #expect(Self.answer("\u{1b}[?62;4c") == .init(hasSixel: true))
  }

  @Test(
    "Level 4 of a terminal is not its feature 4",
    arguments: [
      "\u{1b}[?1;3S\u{1b}[?2;3S\u{1b}[?64;1;2;6;9;15;16;17;18;21;22;28c", "\u{1b}[?4;6c", "\u{1b}[?1;2c",
      "\u{1b}[?62;44c",
    ])
  func noSixel(_ text: String) {
    #expect(Self.answer(text) == .init())
  }

  @Test(
    "An answer is complete with the device attributes",
    arguments: [
      "", "\u{1b}", "\u{1b}[?", "\u{1b}[?62;4", "\u{1b}_Gi=31;OK\u{1b}\\", "\u{1b}[62;4c", "c", "\u{1b}_?62;4c",
    ])
  func incomplete(_ text: String) {
    #expect(Self.answer(text) == nil)
  }

  @Test("Keys between the parts of an answer change nothing")
  func keys() {
    #expect(
      Self.answer("ls\n\u{1b}[A\u{1b}\u{1b}_Gi=31;OK\u{1b}\\c\u{3}é\u{1b}[?62;4c")
        == .init(hasKitty: true, hasSixel: true))
  }

  @Test(
    "Limits that are refused, zero or no numbers are unknown",
    arguments: [
      "\u{1b}[?1;3;0S", "\u{1b}[?1;0;0S", "\u{1b}[?1;0;99999999999999999999S", "\u{1b}[?2;0;5S", "\u{1b}[?2;0;0;9S",
      "\u{1b}[?;;;S", "\u{1b}[?1;0;-5S", "\u{1b}[?S",
    ])
  func limits(_ text: String) {
    #expect(Self.answer(text + "\u{1b}[?62c") == .init())
  }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufHost

@Suite("Keys")
struct TerminalTests {
  @Test(
    "What terminals send is read",
    arguments: [
      ("q", [.character("q")]), ("\u{1b}[A\u{1b}[B", [.up, .down]), ("\u{1b}OA", [.up]),
      ("\u{1b}[5~\u{1b}[6~x", [.pageUp, .pageDown, .character("x")]),
      ("\u{1b}", [.escape]), ("\r\n", [.enter, .enter]), ("\u{7f}\u{8}", [.backspace, .backspace]),
      ("é", [.character("é")]), ("\u{1b}[1;5Cx", [.character("x")]), ("\u{1}\u{2}", []), ("", []), ("\u{1b}[", []),
    ] as [(String, [Terminal.Key])])
  func keys(_ text: String, _ keys: [Terminal.Key]) {
    #expect(Terminal.keys(Array(text.utf8)) == keys)
  }
}

// SPDX-License-Identifier: MIT
import CDMABuf
import Glibc
import Testing

@testable import DMABuf
@testable import DMABufHost

@Suite("Keys")
struct TerminalTests {
  @Test(
    "The keys that terminals send are parsed",
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

@Suite("Terminals", .serialized)
struct TerminalModeTests {
  @Test("A drawing terminal reads keys at once, and its mode is restored afterwards")
  func mode() throws {
    let outcome = try ChildProcess.run(within: 20_000_000_000) {
      // Threads that run tests block signals.
      var none = sigset_t()
      unsafe sigemptyset(&none)
      unsafe sigprocmask(SIG_SETMASK, &none, nil)
      // TIOCSPTLCK and TIOCGPTN of linux/tty.h: unlock the other side, and get its number.
      let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
      let end = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var isLocked: CInt = 0
      var index: CUnsignedInt = 0
      guard end >= 0, unsafe ioctl(end, unlock, &isLocked) == 0, unsafe ioctl(end, getNumber, &index) == 0 else {
        return "no terminal"
      }
      let other = unsafe open("/dev/pts/\(index)", O_RDWR | O_NOCTTY)
      dup2(other, 0)
      dup2(other, 1)
      func isPlain() -> Bool {
        var mode = termios()
        unsafe tcgetattr(0, &mode)
        return mode.c_lflag & tcflag_t(ICANON | ECHO) == tcflag_t(ICANON | ECHO)
      }
      var found = ["\(isPlain())"]
      do {
        let terminal = try Terminal()
        found.append("\(isPlain())")
        _ = unsafe write(end, "q", 1)
        found.append("\(try terminal.keys(until: Deadline(after: .seconds(5))))")
        raise(SIGWINCH)
        found.append("\(try terminal.keys(until: Deadline(after: .milliseconds(1))).count)")
      } catch {
        return "\(error)"
      }
      found.append("\(isPlain())")
      return found.joined(separator: " ")
    }
    guard case .output(let text) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(
      text.hasPrefix("true false [") && text.contains("character(\"q\")") && text.hasSuffix("] 1 true"), "\(text)")
  }
}

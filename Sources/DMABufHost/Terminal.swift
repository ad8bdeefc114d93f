// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
import Glibc
import SystemPackage

/// The terminal of this process in full-screen mode. At the end of the scope, the previous settings are restored.
package struct Terminal: ~Copyable {
  /// A key that the user pressed.
  package enum Key: Equatable, Sendable {
    /// A character.
    case character(Character)
    /// Enter.
    case enter
    /// The backspace key.
    case backspace
    /// Escape.
    case escape
    /// The up arrow.
    case up
    /// The down arrow.
    case down
    /// Page up.
    case pageUp
    /// Page down.
    case pageDown
    /// Not a key: the size has changed, or the process was stopped and continued, so the screen has to be drawn again.
    case redraw
  }

  /// Enters full-screen mode: a separate screen, no echo, no cursor.
  ///
  /// Throws `ENOTTY` when standard input or standard output is not a terminal.
  package init() throws(KernelError) {
    for stream in [StandardStream.output, .input] where !stream.isTerminal {
      throw KernelError(.tcgetattr, on: stream.name, errno: Errno(rawValue: ENOTTY))
    }
    try enter()
  }

  deinit { Self.leave() }

  private func enter() throws(KernelError) {
    let input = StandardStream.input
    var mode = termios()
    guard unsafe tcgetattr(input.rawValue, &mode) == 0 else { throw KernelError(.tcgetattr, on: input.name) }
    unsafe cdmabuf_terminal_enter(input.rawValue, &mode, true)
    mode.readAtOnce()
    guard unsafe tcsetattr(input.rawValue, TCSADRAIN, &mode) == 0 else {
      throw KernelError(.tcsetattr, on: input.name)
    }
    try StandardStream.output.write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J")
  }

  private static func leave() { cdmabuf_terminal_leave() }

  /// Columns and rows; 80 by 24 if unknown.
  package var size: (columns: Int, rows: Int) { StandardStream.output.size ?? (80, 24) }

  /// Draws these lines from the top of the screen, and clears the rest.
  package func draw(_ lines: [String]) throws(KernelError) {
    let text = lines.prefix(size.rows).map { $0 + "\u{1b}[K" }.joined(separator: "\r\n")
    try StandardStream.output.write("\u{1b}[H" + text + "\u{1b}[J")
  }

  /// Waits for keys until `moment`. The result may be empty.
  ///
  /// Throws ``Interrupted`` when the process was asked to end, `ENODEV` when the terminal is gone.
  package func keys(until moment: Deadline) throws -> [Key] {
    let input = StandardStream.input
    let milliseconds = CInt(clamping: (moment.remaining + 999_999) / 1_000_000)
    // A signal that arrives just before poll(2) does not end its sleep, so the sleep is short.
    var entry = pollfd(fd: input.rawValue, events: Int16(POLLIN), revents: 0)
    let result = unsafe poll(&entry, 1, min(milliseconds, 250))
    try Interruption.check()
    let events = cdmabuf_terminal_events()
    if events & CInt(CDMABUF_EVENT_SUSPEND) != 0 {
      Self.leave()
      // Stop the process, as ^Z does, until it is continued.
      raise(SIGTSTP)
      try enter()
    }
    let isStale = events != 0
    guard result > 0 else { return isStale ? [.redraw] : [] }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 1)
    defer { unsafe bytes.deallocate() }
    let count = unsafe read(input.rawValue, bytes.baseAddress, bytes.count)
    if count <= 0 { throw KernelError(.read, on: input.name, errno: .operationNotSupportedByDevice) }
    return unsafe Self.keys(Array(bytes[..<count])) + (isStale ? [.redraw] : [])
  }

  /// Parses the input: characters, and the sequences that terminals send for keys.
  static func keys(_ bytes: [UInt8]) -> [Key] {
    let sequences: [([UInt8], Key)] = [
      (Array("\u{1b}[A".utf8), .up), (Array("\u{1b}OA".utf8), .up), (Array("\u{1b}[B".utf8), .down),
      (Array("\u{1b}OB".utf8), .down), (Array("\u{1b}[5~".utf8), .pageUp), (Array("\u{1b}[6~".utf8), .pageDown),
    ]
    var keys: [Key] = []
    var rest = bytes[...]
    while let first = rest.first {
      if let (sequence, key) = sequences.first(where: { rest.starts(with: $0.0) }) {
        keys.append(key)
        rest = rest.dropFirst(sequence.count)
      } else if first == 0x1b, rest.dropFirst().first == UInt8(ascii: "[") {
        // An unknown key: skip up to the letter that ends its sequence.
        rest = rest.dropFirst(2).drop { $0 < 0x40 || $0 > 0x7e }.dropFirst()
      } else if first < 0x80 {
        switch first {
        case 0x1b: keys.append(.escape)
        case 0x0a, 0x0d: keys.append(.enter)
        case 0x08, 0x7f: keys.append(.backspace)
        case ..<0x20: break
        default: keys.append(.character(Character(Unicode.Scalar(first))))
        }
        rest = rest.dropFirst()
      } else {
        let text = rest.prefix { $0 >= 0x80 }
        keys += String(decoding: text, as: UTF8.self).map { .character($0) }
        rest = rest.dropFirst(text.count)
      }
    }
    return keys
  }
}

extension termios {
  /// Reads keys without waiting for a line and without echo. ^C and ^Z still send signals.
  mutating func readAtOnce() {
    c_lflag &= ~tcflag_t(ICANON | ECHO)
    unsafe withUnsafeMutableBytes(of: &c_cc) { characters in
      unsafe characters[Int(VMIN)] = 0
      unsafe characters[Int(VTIME)] = 0
    }
  }
}

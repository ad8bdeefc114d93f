// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
import Glibc
import SystemPackage

/// The terminal this process was started on, while it draws on all of it. At the end of its scope the
/// terminal is as it was.
package struct Terminal: ~Copyable {
  /// Something the user did.
  package enum Key: Equatable, Sendable {
    /// A character.
    case character(Character)
    /// Enter.
    case enter
    /// The key that deletes to the left.
    case backspace
    /// Escape.
    case escape
    /// An arrow upwards.
    case up
    /// An arrow downwards.
    case down
    /// A page upwards.
    case pageUp
    /// A page downwards.
    case pageDown
    /// No key: the size has changed, or the process was stopped and continued, so all has to be drawn anew.
    case redraw
  }

  /// Takes the terminal over: a screen of its own, no echo, no cursor.
  ///
  /// Throws `ENOTTY` where standard input or standard output is none.
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
    unsafe cdmabuf_terminal_enter(input.rawValue, &mode)
    // Keys without waiting for a line and without an echo; ^C and ^Z stay signals.
    mode.c_lflag &= ~tcflag_t(ICANON | ECHO)
    unsafe withUnsafeMutableBytes(of: &mode.c_cc) { characters in
      unsafe characters[Int(VMIN)] = 0
      unsafe characters[Int(VTIME)] = 0
    }
    guard unsafe tcsetattr(input.rawValue, TCSADRAIN, &mode) == 0 else {
      throw KernelError(.tcsetattr, on: input.name)
    }
    try StandardStream.output.write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J")
  }

  private static func leave() { cdmabuf_terminal_leave() }

  /// Columns and rows; 80 by 24 where the terminal does not say.
  package var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard unsafe ioctl(StandardStream.output.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Puts these lines on the screen, the first at its top, and nothing else.
  package func draw(_ lines: [String]) throws(KernelError) {
    let text = lines.prefix(size.rows).map { $0 + "\u{1b}[K" }.joined(separator: "\r\n")
    try StandardStream.output.write("\u{1b}[H" + text + "\u{1b}[J")
  }

  /// Waits for keys until the moment comes; there may be none.
  ///
  /// Throws ``Interrupted`` when the process was asked to end, `ENODEV` when the terminal has gone.
  package func keys(until moment: Deadline) throws -> [Key] {
    let input = StandardStream.input
    let milliseconds = CInt(clamping: (moment.remaining + 999_999) / 1_000_000)
    // A signal that comes before poll(2) sleeps would be slept through: so not for long.
    var entry = pollfd(fd: input.rawValue, events: Int16(POLLIN), revents: 0)
    let result = unsafe poll(&entry, 1, min(milliseconds, 250))
    try Interruption.check()
    let events = cdmabuf_terminal_events()
    if events & CInt(CDMABUF_EVENT_SUSPEND) != 0 {
      Self.leave()
      // As ^Z does, until the process is continued.
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

  /// What was typed: characters, and the sequences that terminals send for keys.
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
        // Some other key: up to the letter that ends it.
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

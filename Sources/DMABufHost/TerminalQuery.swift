// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// A question to the terminal of this process about its graphics.
package enum TerminalQuery {
  /// What the terminal reports.
  package struct Answer: Equatable, Sendable {
    /// The terminal draws pictures of kitty's graphics protocol.
    package var hasKitty = false
    /// The terminal draws sixel pictures.
    package var hasSixel = false
    /// The number of colours of a sixel picture; `nil` when unknown.
    package var colours: Int?
    /// The largest sixel picture in pixels; `nil` when unknown.
    package var largest: Size?
  }

  /// Pixels.
  package struct Size: Equatable, Sendable {
    /// Columns of pixels.
    package let width: Int
    /// Lines of pixels.
    package let height: Int
  }

  /// A picture of one pixel that kitty only checks, and the question for device attributes, which all terminals know.
  private static let features = "\u{1b}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1b}\\\u{1b}[c"
  /// The number of colours and the largest size of sixel pictures, and device attributes. Some terminals without sixel
  /// graphics scroll instead.
  private static let limits = "\u{1b}[?1;1;0S\u{1b}[?2;1;0S\u{1b}[c"
  /// The most bytes that are read after a question.
  private static let longest = 512

  /// Asks the terminal. Returns `nil` without a question when there is no terminal, when this process is in the
  /// background, when `TERM` is unset, `dumb` or `linux`, and when keys wait to be read: they would be read, too. Returns
  /// `nil` when the device attributes do not arrive within 200 ms.
  ///
  /// The mode of the terminal is restored in each case. Keys that are pressed between a question and its answer, which
  /// most terminals give within a millisecond, are lost: the kernel's request to put them back (`TIOCSTI`) is disabled
  /// on most machines. Throws an error when the process was asked to end.
  package static func ask() throws -> Answer? {
    let input = StandardStream.input
    var mode = termios()
    guard isPossible, unsafe tcgetattr(input.rawValue, &mode) == 0 else { return nil }
    unsafe cdmabuf_terminal_enter(input.rawValue, &mode, false)
    defer { leave() }
    mode.readAtOnce()
    guard unsafe tcsetattr(input.rawValue, TCSANOW, &mode) == 0 else { return nil }
    guard try !isReady(until: Deadline(after: .zero)) else { return nil }
    let deadline = Deadline(after: .milliseconds(200))
    guard let answer = try answer(to: features, until: deadline) else { return nil }
    guard answer.hasSixel, !answer.hasKitty else { return answer }
    return try Self.answer(to: limits, until: deadline) ?? answer
  }

  private static func answer(to question: String, until deadline: Deadline) throws -> Answer? {
    try StandardStream.output.write(question)
    var bytes: [UInt8] = []
    while bytes.count < longest, try isReady(until: deadline) {
      var byte: UInt8 = 0
      // Single bytes, so that what follows the answer remains.
      guard unsafe read(StandardStream.input.rawValue, &byte, 1) == 1 else { return nil }
      bytes.append(byte)
      if byte == UInt8(ascii: "c"), let answer = Answer(parsing: bytes) { return answer }
    }
    return nil
  }

  private static func leave() {
    cdmabuf_terminal_leave()
    // Stop the process, as ^Z does, until it is continued.
    if cdmabuf_terminal_events() & CInt(CDMABUF_EVENT_SUSPEND) != 0 { raise(SIGTSTP) }
  }

  private static func isReady(until deadline: Deadline) throws -> Bool {
    let events = try Polling.poll(
      CInt(POLLIN), of: StandardStream.input.rawValue, on: StandardStream.input.name, deadline: deadline)
    return events & CInt(POLLIN) != 0
  }

  /// Whether one terminal reads the question and writes to standard input, and understands escape sequences.
  private static var isPossible: Bool {
    let (input, output) = (StandardStream.input, StandardStream.output)
    guard input.isTerminal, output.isTerminal, tcgetpgrp(input.rawValue) == getpgrp() else { return false }
    var (reading, writing) = (stat(), stat())
    guard unsafe fstat(input.rawValue, &reading) == 0, unsafe fstat(output.rawValue, &writing) == 0,
      reading.st_rdev == writing.st_rdev, let name = unsafe getenv("TERM")
    else { return false }
    return unsafe !["", "dumb", "linux"].contains(String(cString: name))
  }
}

extension TerminalQuery.Answer {
  /// Parses what the terminal wrote, mixed with keys that the user pressed. Returns `nil` while the device attributes,
  /// which are the end of the answer, are missing.
  package init?(parsing bytes: [UInt8]) {
    var rest = bytes[...]
    while let escape = rest.firstIndex(of: 0x1b) {
      rest = rest[(escape + 1)...]
      switch rest.first {
      case UInt8(ascii: "_"):
        let text = rest.dropFirst().prefix { $0 != 0x1b }
        if Self.isAcceptance(text) { hasKitty = true }
        rest = rest[text.endIndex...]
      case UInt8(ascii: "["):
        let parameters = rest.dropFirst().prefix { 0x20...0x3f ~= $0 }
        let end = rest[parameters.endIndex...].first
        guard parameters.first == UInt8(ascii: "?") else { continue }
        let numbers = parameters.dropFirst().split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map
        {
          Int(String(decoding: $0, as: UTF8.self))
        }
        if end == UInt8(ascii: "S") { limit(numbers) }
        if end == UInt8(ascii: "c") {
          hasSixel = numbers.dropFirst().contains(4)
          return
        }
      default: break
      }
    }
    return nil
  }

  /// Whether kitty's report is about the picture of the question, and is `OK`.
  private static func isAcceptance(_ text: ArraySlice<UInt8>) -> Bool {
    let parts = text.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].first == UInt8(ascii: "G"), parts[1].elementsEqual("OK".utf8) else {
      return false
    }
    return parts[0].dropFirst().split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual("i=31".utf8) }
  }

  /// Reads `1;0;COLOURS` or `2;0;WIDTH;HEIGHT`, where 0 is success.
  private mutating func limit(_ numbers: [Int?]) {
    guard numbers.count > 2, numbers[1] == 0, let first = numbers[2], first > 0 else { return }
    if numbers[0] == 1 { colours = first }
    if numbers[0] == 2, numbers.count == 4, let height = numbers[3], height > 0 {
      largest = TerminalQuery.Size(width: first, height: height)
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABufExercise
import Testing

@testable import DMABufTool

@Suite("Sizes")
struct ByteSizeTests {
  @Test(
    "Multiples are binary",
    arguments: [
      ("1", 1), ("4096", 4096), ("4096B", 4096), ("64K", 65536), ("64KiB", 65536), ("8M", 8_388_608),
      ("8MiB", 8_388_608), ("1G", 1_073_741_824), ("1GiB", 1_073_741_824), ("2T", 2_199_023_255_552), ("007", 7),
      ("9223372036854775807", Int.max), ("8388607T", 9_223_370_937_343_148_032),
    ])
  func valid(_ text: String, _ bytes: Int) throws {
    #expect(try ByteSize(text).bytes == bytes)
  }

  @Test(
    "Zero, negative numbers, overflow and junk are refused",
    arguments: [
      "", " ", "0", "0K", "-1", "-8M", "+1", "12Q", "K", "1.5M", "1e6", "0x1000", "1 K", " 1", "1K ", "1k", "1KB",
      "1kiB",
      "9223372036854775808", "8388608T", "16777217T", "18014398509481985K", "99999999999999999999999", "１２", "٣",
      "४K", "1\n", "1²",
    ])
  func invalid(_ text: String) {
    #expect(throws: (any Error).self) { try ByteSize(text) }
  }

  @Test("Zero is allowed if the option allows it")
  func zero() throws {
    #expect(try ByteSize("0", atLeast: 0).bytes == 0)
  }
}

@Suite("Durations")
struct TimeSpanTests {
  @Test(
    "Units are microseconds to hours, and a bare number is seconds",
    arguments: [
      ("500ms", Duration.milliseconds(500)), ("2s", .seconds(2)), ("2", .seconds(2)), ("1m", .seconds(60)),
      ("1h", .seconds(3600)), ("250us", .microseconds(250)), ("0", .zero), ("1.5s", .milliseconds(1500)),
      ("0.25", .milliseconds(250)), ("31536000", .seconds(31_536_000)),
    ])
  func valid(_ text: String, _ duration: Duration) throws {
    let parsed = try TimeSpan(text).duration
    // Fractions are computed in floating point, and are exact to a nanosecond.
    #expect(abs((parsed - duration) / .nanoseconds(1)) < 1)
  }

  @Test(
    "Junk, negative numbers and more than a year are refused",
    arguments: [
      "", "s", "ms", "-1", "-1s", "+1", "1d", "1 s", " 1", "1e3", "nan", "inf", "0x10", ".", "1.2.3", "31536001",
      "99999999999999999999h", "１s",
    ])
  func invalid(_ text: String) {
    #expect(throws: (any Error).self) { try TimeSpan(text) }
  }
}

@Suite("References to buffers")
struct ReferenceTests {
  @Test(
    "Held names, fd:N, PID:FD and ino:N are parsed",
    arguments: [
      ("fd:0", .inherited(0)), ("fd:2147483647", .inherited(.max)), ("4711:23", .process(4711, 23)),
      ("1:0", .process(1, 0)),
      ("ino:7", .inode(7)), ("ino:18446744073709551615", .inode(.max)),
    ] as [(String, Reference)])
  func valid(_ text: String, _ reference: Reference) throws {
    #expect(try Reference(text) == reference)
  }

  @Test("References are printed as their text", arguments: ["fd:3", "4711:23", "ino:7"])
  func print(_ text: String) throws {
    #expect(try "\(Reference(text))" == text)
  }

  @Test(
    "Any other text is refused as a reference",
    arguments: [
      "", ":", ".fd", "fd:", "fd:x", "fd:-1", "fd:2147483648", "fd:3:4", "FD:3", " fd:3", "0:3", "-1:3", "4711:",
      ":23",
      "4711:-1", "ino:", "ino:-1", "ino:x", "ino:18446744073709551616", "ino:7:8", "a b", "fd:٣",
      "a234567890123456789012345678901x",
    ])
  func invalid(_ text: String) {
    #expect(throws: (any Error).self) { try Reference(text) }
  }
}

@Suite("Patterns")
struct PatternArgumentTests {
  @Test(
    "zero, counter, random:SEED and bytes are read",
    arguments: [
      ("zero", .repeating([0])), ("counter", .counter), ("random:0", .random(seed: 0)),
      ("random:18446744073709551615", .random(seed: .max)), ("0xAA", .repeating([0xaa])), ("0x00", .repeating([0])),
      ("0xdeadBEEF", .repeating([0xde, 0xad, 0xbe, 0xef])), ("0x010203", .repeating([1, 2, 3])),
    ] as [(String, Pattern)])
  func valid(_ text: String, _ pattern: Pattern) throws {
    #expect(try Pattern(argument: text) == pattern)
  }

  @Test(
    "Any other text is refused as a pattern",
    arguments: [
      "", "Zero", "one", "random", "random:", "random:-1", "random:x", "random:18446744073709551616", "0x", "0xA",
      "0xABC",
      "0xGG", "0x+A", "0x-1", "0xAA ", "0XAA", "AA", "170", "counter:1", "0xＡＡ", "0x0xAA",
    ])
  func invalid(_ text: String) {
    #expect(throws: (any Error).self) { try Pattern(argument: text) }
  }
}

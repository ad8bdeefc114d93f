// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise

extension Pattern {
  /// Parses `zero`, `0xNN…`, `counter` or `random:SEED`.
  init(argument text: String) throws {
    if text == "zero" {
      self = .repeating([0])
    } else if text == "counter" {
      self = .counter
    } else if text.hasPrefix("random:"), let seed = UInt64(text.dropFirst("random:".count)) {
      self = .random(seed: seed)
    } else if text.hasPrefix("0x"), let bytes = Self.bytes(text.dropFirst(2)) {
      self = .repeating(bytes)
    } else {
      throw ValidationError(
        "a pattern is zero, counter, random:SEED, or bytes such as 0xAA or 0xdeadbeef")
    }
  }

  private static func bytes(_ digits: Substring) -> [UInt8]? {
    guard !digits.isEmpty, digits.utf8.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    var rest = digits
    while !rest.isEmpty {
      guard let byte = UInt8(rest.prefix(2), radix: 16), rest.first != "+", rest.first != "-" else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}

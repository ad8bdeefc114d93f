// SPDX-License-Identifier: MIT
import ArgumentParser

/// A number of bytes as the user types it: `4096`, `64K`, `8M`, `1G`, `8MiB`. Multiples are binary.
struct ByteSize: ExpressibleByArgument, Equatable {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  /// Parses a size of at least `minimum` bytes.
  init(_ text: String, atLeast minimum: Int = 1) throws {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let shift: Int
    switch text.dropFirst(digits.count) {
    case "", "B": shift = 0
    case "K", "KiB": shift = 10
    case "M", "MiB": shift = 20
    case "G", "GiB": shift = 30
    case "T", "TiB": shift = 40
    default: throw ValidationError("a size is a number of bytes such as 4096, 64K, 8M, 1G or 8MiB")
    }
    guard !digits.isEmpty else {
      throw ValidationError("a size is a number of bytes such as 4096, 64K, 8M, 1G or 8MiB")
    }
    guard let number = Int(digits), number <= Int.max >> shift else {
      throw ValidationError("the size is too large")
    }
    guard number << shift >= minimum else { throw ValidationError("a size is at least \(minimum)") }
    bytes = number << shift
  }

  init?(argument: String) {
    guard let size = try? ByteSize(argument, atLeast: 0) else { return nil }
    self = size
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// A duration as the user types it: `500ms`, `2s`, `1m`. A number without a unit is in seconds.
struct TimeSpan: Equatable {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = duration.components
    return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
  }

  /// The deadline of a wait that begins now. A command computes it only once, at its start.
  var deadline: Deadline { Deadline(after: duration) }

  init(_ text: String) throws {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit: Double
    switch text.dropFirst(digits.count) {
    case "us": unit = 1e-6
    case "ms": unit = 1e-3
    case "", "s": unit = 1
    case "m": unit = 60
    case "h": unit = 3600
    default: throw ValidationError("a duration is 500ms, 2s, 1m, or a number of seconds")
    }
    // A year is as good as forever, and far below an overflow.
    guard let number = Double(digits), number * unit <= 31_536_000 else {
      throw ValidationError("a duration is at most a year")
    }
    duration = .seconds(number * unit)
  }
}

extension TimeSpan: ExpressibleByArgument {
  init?(argument: String) { try? self.init(argument) }
}

extension TimeSpan: CustomStringConvertible {
  var description: String { "\(duration / .seconds(1))s" }
}

// SPDX-License-Identifier: MIT
import ArgumentParser

extension ValidationError {
  /// Throws if the value of an option is out of range. `option` includes the name of the value.
  static func check(_ value: Int?, of option: String, in range: ClosedRange<Int>) throws {
    guard let value, !range.contains(value) else { return }
    let limits =
      range.upperBound == .max
      ? "it must be at least \(range.lowerBound)" : "it must be from \(range.lowerBound) to \(range.upperBound)"
    throw ValidationError("The value '\(value)' is invalid for '\(option)': \(limits)")
  }
}

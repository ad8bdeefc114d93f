// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// The growth that a leak test permits: `1M` of memory, `10` references of each kind, or both as `1M,10`. A quantity
/// without a limit may not grow at all.
struct GrowthLimit: Equatable {
  /// A quantity that a leak test measures.
  enum Kind: String, CaseIterable {
    /// Sizes of buffers.
    case bytes
    /// Descriptors of buffers.
    case descriptors
    case mappings
    case syncFiles = "sync_files"
    /// Descriptors of syncobjs.
    case syncObjects = "syncobjs"
    /// Buffers that no process holds.
    case kernelHeld = "kernel_held"
  }

  private(set) var bytes: UInt64?
  private(set) var references: Int?

  /// No growth of any kind.
  init() {}

  /// A number with a unit is a size. A number without a unit is a count of references of each kind.
  init(_ text: String) throws {
    for part in text.split(scalar: ",", omittingEmptySubsequences: false) {
      if let number = Int(part), number >= 0 {
        guard references == nil else { throw ValidationError("two limits for references: \(text)") }
        references = number
      } else {
        let size = UInt64(try ByteSize(String(part), atLeast: 0).bytes)
        guard bytes == nil else { throw ValidationError("two limits for memory: \(text)") }
        bytes = size
      }
    }
  }

  func limit(of kind: Kind) -> Int64 {
    kind == .bytes ? Int64(clamping: bytes ?? 0) : Int64(references ?? 0)
  }

  /// Joins all limits in the arguments into one. Adds 0 if the option has no value.
  static func joined(_ arguments: [String]) -> [String] {
    OptionalValue.joined(arguments, option: "--fail-if-growth", otherwise: "0", isValue: OptionalValue.isNumeric)
  }
}

/// Options with an optional value.
enum OptionalValue {
  /// Whether the word is meant as a number with or without a unit, valid or not. `4711:12` is a reference.
  static func isNumeric(_ word: String) -> Bool {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return word.utf8.first.map(digits.contains) == true && !word.utf8.contains(UInt8(ascii: ":"))
  }

  /// Joins all values of an option in the arguments with commas, or adds the default if there is no value. The parser
  /// alone would keep the last value only, and drops the value of such an option when another option follows.
  static func joined(
    _ arguments: [String], option: String, otherwise: String, isValue: (String) -> Bool
  ) -> [String] {
    var joined: [String] = []
    var values: [String] = []
    var place: Int?
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        joined += [word] + rest
        break
      }
      guard word == option || word.hasPrefix(option + "=") else {
        joined.append(word)
        continue
      }
      place = place ?? joined.count
      if word != option {
        values.append(String(word.dropFirst(option.count + 1)))
      } else if let next = rest.first, isValue(next) {
        values.append(next)
        rest.removeFirst()
      }
    }
    guard let place else { return arguments }
    joined.insert(option + "=" + (values.isEmpty ? otherwise : values.joined(separator: ",")), at: place)
    return joined
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// The access directions: `--read`, `--write`, both or neither. Each command defines their meaning.
struct DirectionOptions<Meaning: DirectionMeaning>: ParsableArguments {
  @Flag(help: Meaning.read)
  var read = false

  @Flag(help: Meaning.write)
  var write = false

  var isGiven: Bool { read || write }

  /// The direction of a CPU access: neither option means both directions.
  var ofCPU: AccessDirection { read == write ? [.read, .write] : read ? .read : .write }

  /// The direction of fences. `--write` is the default, and includes the fences of readers.
  var ofFences: AccessDirection { read && !write ? .read : .write }
}

/// The meaning of `--read` and `--write` in a command.
protocol DirectionMeaning {
  static var read: ArgumentHelp { get }
  static var write: ArgumentHelp { get }
}

extension AccessDirection {
  /// The direction as reports print it.
  var word: String { self == .read ? "read" : self == .write ? "write" : "read-write" }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// Which accesses to a buffer are meant: `--read`, `--write`, both or neither. What they mean is the command's to say.
struct DirectionOptions<Meaning: DirectionMeaning>: ParsableArguments {
  @Flag(help: Meaning.read)
  var read = false

  @Flag(help: Meaning.write)
  var write = false

  var isGiven: Bool { read || write }

  /// Of an access by the CPU: neither is both.
  var ofCPU: AccessDirection { read == write ? [.read, .write] : read ? .read : .write }

  /// Of fences: writers include readers, and are the default.
  var ofFences: AccessDirection { read && !write ? .read : .write }
}

/// What `--read` and `--write` are to a command.
protocol DirectionMeaning {
  static var read: ArgumentHelp { get }
  static var write: ArgumentHelp { get }
}

extension AccessDirection {
  /// As reports have it.
  var word: String { self == .read ? "read" : self == .write ? "write" : "read-write" }
}

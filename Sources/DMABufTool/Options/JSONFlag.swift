// SPDX-License-Identifier: MIT
import ArgumentParser

extension ArgumentHelp {
  /// What `--json` says of itself in every command.
  static let json: Self = "Print one JSON document."
}

// SPDX-License-Identifier: MIT
import ArgumentParser

extension ArgumentHelp {
  /// The help of `--json` in all commands.
  static let json: Self = "Print one JSON document."
}

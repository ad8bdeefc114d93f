// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// The name that `--name` sets for a buffer or a sync_file. The kernel stores 31 bytes.
struct KernelName {
  let text: String

  init(_ text: String) throws {
    guard SystemText.bytes(text).count <= DMABuffer.longestName else {
      throw ValidationError(
        "\(SystemText.bytes(text).count) bytes are too long; a name has at most \(DMABuffer.longestName)")
    }
    self.text = text
  }
}

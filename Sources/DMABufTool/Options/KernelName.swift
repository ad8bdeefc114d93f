// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// What `--name` calls a buffer or a sync_file: the kernel keeps 31 bytes of either.
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

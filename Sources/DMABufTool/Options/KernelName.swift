import ArgumentParser
import DMABuf

/// What `--name` calls a buffer or a sync_file: the kernel keeps 31 bytes of either.
struct KernelName {
  let text: String

  init(_ text: String) throws {
    guard text.utf8.count <= DMABuffer.longestName else {
      throw ValidationError("\(text.utf8.count) bytes, and at most \(DMABuffer.longestName) fit")
    }
    self.text = text
  }
}

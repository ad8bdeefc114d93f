import DMABuf
import SystemPackage

/// Waiting for the devices that still use a buffer, which is not left unexplained.
enum AccessWait {
  /// Says for whom it takes so long.
  static func explain(_ buffer: borrowing DMABuffer, _ direction: AccessDirection) {
    let fences = summary(of: buffer, direction)
    Diagnostics.say("\(buffer.file.name): waiting for \(fences ?? "its fences")", hint: nil)
  }

  /// A refusal of START; a timeout names who is late.
  static func explained(
    _ error: KernelError, _ buffer: borrowing DMABuffer, _ direction: AccessDirection
  ) -> any Error {
    guard error.call == "DMA_BUF_IOCTL_SYNC", error.errno == .timedOut, let fences = summary(of: buffer, direction)
    else { return error }
    return Failure(
      "\(error)", hint: [Advice.hint(for: error), fences].compactMap(\.self).joined(separator: ": "),
      status: .timedOut)
  }

  /// Of kernels that tell, and unless all have signalled meanwhile.
  private static func summary(of buffer: borrowing DMABuffer, _ direction: AccessDirection) -> String? {
    guard let fences = try? buffer.pendingFences(for: direction), !fences.isEmpty else { return nil }
    return fences.summary
  }
}

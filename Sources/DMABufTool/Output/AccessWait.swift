// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import SystemPackage

/// Waits for the devices that use a buffer, and explains a long wait.
enum AccessWait {
  /// Reports the fences that the wait depends on.
  private static func explain(_ buffer: borrowing DMABuffer, _ direction: AccessDirection) {
    let fences = summary(of: buffer, direction)
    Diagnostics.say("\(buffer.file.name): waiting for \(fences ?? "its fences")", hint: nil)
  }

  /// Begins access. A timeout reports the pending fences.
  static func begin(
    _ direction: AccessDirection, to buffer: borrowing DMABuffer, deadline: Deadline?
  ) throws {
    do {
      guard let deadline else {
        return try buffer.beginAccess(direction, deadline: nil) { explain(buffer, direction) }
      }
      // START also waits for a fence that is added later.
      try deadline.interrupting {
        try buffer.beginAccess(direction, deadline: deadline) { explain(buffer, direction) }
      }
    } catch let error as TimedOut {
      throw explained(error, buffer, direction)
    }
  }

  private static func explained(
    _ error: TimedOut, _ buffer: borrowing DMABuffer, _ direction: AccessDirection
  ) -> any Error {
    guard let fences = summary(of: buffer, direction) else { return error }
    return Failure(
      "\(error)", hint: [Advice.hint(for: error), fences].compactMap(\.self).joined(separator: ": "),
      status: .timedOut)
  }

  /// A summary of the pending fences; `nil` if the kernel does not report them, or if all have signalled.
  private static func summary(of buffer: borrowing DMABuffer, _ direction: AccessDirection) -> String? {
    guard let fences = try? buffer.pendingFences(for: direction), !fences.isEmpty else { return nil }
    return fences.summary
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import SystemPackage

/// Waiting for the devices that still use a buffer, which is not left unexplained.
enum AccessWait {
  /// Says for whom it takes so long.
  private static func explain(_ buffer: borrowing DMABuffer, _ direction: AccessDirection) {
    let fences = summary(of: buffer, direction)
    Diagnostics.say("\(buffer.file.name): waiting for \(fences ?? "its fences")", hint: nil)
  }

  /// Begins access; a timeout names who is late.
  static func begin(
    _ direction: AccessDirection, to buffer: borrowing DMABuffer, deadline: Deadline?
  ) throws {
    do {
      guard let deadline else {
        return try buffer.beginAccess(direction, deadline: nil) { explain(buffer, direction) }
      }
      // A fence that comes late keeps START waiting, too.
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

  /// Of kernels that tell, and unless all have signalled meanwhile.
  private static func summary(of buffer: borrowing DMABuffer, _ direction: AccessDirection) -> String? {
    guard let fences = try? buffer.pendingFences(for: direction), !fences.isEmpty else { return nil }
    return fences.summary
  }
}

internal import CDMABuf
import Glibc
import SystemPackage

/// Sleeping until descriptors are ready.
package enum Polling {
  /// Waits until one of `entries` is ready, or `deadline` has passed; notes in them what is.
  ///
  /// A signal that asks the process to end and comes just before the call is not slept through: see
  /// ``Interruption``. Other signals do not shorten or lengthen the waiting.
  ///
  /// - Returns: whether anything is ready.
  static func wait(
    _ entries: inout [pollfd], on subject: String, deadline: Deadline? = nil
  ) throws(KernelError) -> Bool {
    while true {
      let count = entries.count
      let result = unsafe cdmabuf_poll(&entries, count, deadline?.remaining ?? .max)
      if result >= 0 { return result > 0 }
      let reason = Errno(rawValue: errno)
      guard Interruption.isRepeated(after: reason, retryingAgain: false) else {
        throw KernelError(.poll, on: subject, errno: reason)
      }
      // Interrupted, so nothing was ready; and no time is left in which that could change.
      if deadline?.remaining == 0 { return false }
    }
  }

  /// The same for one descriptor, and whatever of `events` is wanted of it.
  package static func wait(
    for events: Int32, of descriptor: CInt, on subject: String, deadline: Deadline? = nil
  ) throws(KernelError) -> Bool {
    var entries = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
    return try wait(&entries, on: subject, deadline: deadline)
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// Sleeping until descriptors are ready.
package enum Polling {
  /// Waits until something is ready of what is wanted, or `deadline` has passed.
  ///
  /// Corresponds to `ppoll(2)`. A signal that asks the process to end and comes just before the call is not slept
  /// through: see ``Interruption``. Other signals do not shorten or lengthen the waiting.
  ///
  /// - Returns: the events that are ready of each descriptor, errors among them: none of any once `deadline` has passed.
  package static func poll(
    _ wanted: [(descriptor: CInt, events: CInt)], on subject: String, deadline: Deadline? = nil
  ) throws(KernelError) -> [CInt] {
    var entries = wanted.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
    while true {
      let count = entries.count
      let result = unsafe cdmabuf_poll(&entries, count, deadline?.remaining ?? .max)
      if result >= 0 { return entries.map { CInt($0.revents) } }
      let reason = Errno(rawValue: errno)
      guard Interruption.isRepeated(after: reason, retryingAgain: false) else {
        throw KernelError(.poll, on: subject, errno: reason)
      }
      // Interrupted, so nothing was ready; and no time is left in which that could change.
      if deadline?.remaining == 0 { return wanted.map { _ in 0 } }
    }
  }

  /// The same for one descriptor.
  package static func poll(
    _ events: CInt, of descriptor: CInt, on subject: String, deadline: Deadline? = nil
  ) throws(KernelError) -> CInt {
    try poll([(descriptor, events)], on: subject, deadline: deadline)[0]
  }
}

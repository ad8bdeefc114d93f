// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// Waits for events on descriptors.
package enum Polling {
  /// Waits until a descriptor has one of its events, or until `deadline` has passed.
  ///
  /// Corresponds to `ppoll(2)`. A signal that asks the process to end is noticed even just before the call: see
  /// ``Interruption``. Other signals do not change the waiting time.
  ///
  /// - Returns: the events of each descriptor, errors included; 0 for all once `deadline` has passed.
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
      // The call was interrupted, so there was no event, and no time is left to wait.
      if deadline?.remaining == 0 { return wanted.map { _ in 0 } }
    }
  }

  /// Waits for events of one descriptor.
  package static func poll(
    _ events: CInt, of descriptor: CInt, on subject: String, deadline: Deadline? = nil
  ) throws(KernelError) -> CInt {
    try poll([(descriptor, events)], on: subject, deadline: deadline)[0]
  }
}

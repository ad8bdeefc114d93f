// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf

/// The signals that ask this process to end, and how a call that sleeps is woken for them.
extension Interruption {
  /// From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGALRM make calls fail with `EINTR` instead of ending
  /// the process, so that what is open can be closed. Signals that the caller ignores stay ignored.
  package static func catchEndingSignals() { cdmabuf_catch_ending_signals() }

  /// The same for a program that has just started. Inherited signal dispositions and masks are set right:
  /// writes to closed pipes fail with `EPIPE`, writes over the file size limit with `EFBIG`, children can be
  /// waited for. Commands started later get what was inherited.
  package static func adoptSignals() { cdmabuf_adopt_signals() }

  /// Ends the process as the signal would have, for the parent to see.
  package static func end(by signal: CInt) { cdmabuf_end_by_signal(signal) }

  /// Runs `body`, which has nothing to put back: a signal that asks the process to end ends it there and then,
  /// as it would without ``catchEndingSignals()``. A ``Terminal`` is given back first.
  ///
  /// Throws ``Interrupted`` when such a signal has come before.
  package static func endingAtOnce<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let before = cdmabuf_end_at_once(true)
    defer { _ = cdmabuf_end_at_once(before) }
    try check()
    return try body()
  }

  /// Ends the process if it was asked to end. From now on such a signal does that by itself.
  package static func finish() {
    cdmabuf_release_ending_signals()
    if let signal { end(by: signal) }
  }
}

extension Deadline {
  /// Runs `body`. From the deadline on, a timer interrupts the calls of this thread, and of no other, repeatedly. This
  /// is for calls without a timeout of their own. Uses `SIGRTMAX`.
  package func interrupting<Result>(_ body: () throws -> Result) rethrows -> Result {
    cdmabuf_interrupt_after(max(1, remaining))
    defer { cdmabuf_interrupt_after(0) }
    return try body()
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf

/// The signals that ask this process to end, and how they interrupt sleeping calls.
extension Interruption {
  /// From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGALRM do not end the process. Calls fail with `EINTR` instead,
  /// so that open files can be closed. Signals that the caller ignores stay ignored.
  package static func catchEndingSignals() { cdmabuf_catch_ending_signals() }

  /// Catches the same signals at the start of a program, and corrects inherited signal dispositions and masks. Then
  /// writes to closed pipes fail with `EPIPE`, writes over the file size limit fail with `EFBIG`, and the process can
  /// wait for children. Commands that are started later get the inherited settings.
  package static func adoptSignals() { cdmabuf_adopt_signals() }

  /// Ends the process by the signal, so that the parent sees the signal as the reason.
  package static func end(by signal: CInt) { cdmabuf_end_by_signal(signal) }

  /// Runs `body`, which has nothing to restore. A signal that asks the process to end does so at once, as without
  /// ``catchEndingSignals()``. The settings of a ``Terminal`` are restored first.
  ///
  /// Throws ``Interrupted`` when such a signal has arrived before.
  package static func endingAtOnce<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let before = cdmabuf_end_at_once(true)
    defer { _ = cdmabuf_end_at_once(before) }
    try check()
    return try body()
  }

  /// Ends the process if it was asked to end. From now on such a signal ends the process at once.
  package static func finish() {
    cdmabuf_release_ending_signals()
    if let signal { end(by: signal) }
  }
}

extension Deadline {
  /// Runs `body`. From the deadline on, a timer repeatedly interrupts the calls of this thread, and of no other thread.
  /// This is for calls without a timeout of their own. Uses `SIGRTMAX`.
  package func interrupting<Result>(_ body: () throws -> Result) rethrows -> Result {
    cdmabuf_interrupt_after(max(1, remaining))
    defer { cdmabuf_interrupt_after(0) }
    return try body()
  }
}

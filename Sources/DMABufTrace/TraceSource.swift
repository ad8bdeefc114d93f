// SPDX-License-Identifier: MIT
public import DMABuf

/// A source of events of the running kernel. The events stop when the source is released, or the process ends.
public protocol TraceSource: AnyObject {
  /// The kernel's functions and tracepoints that this source cannot watch: their steps are not seen.
  var missing: [String] { get }

  /// The number of events that were lost since the trace began, because they came faster than they were read.
  var lost: UInt64 { get }

  /// Waits at most 100 ms for events. Returns them, and the waits that have ended, in the order of the kernel. A signal
  /// ends the wait early.
  func next() throws(KernelError) -> [TraceRecord]

  /// The waits that have not ended, the longest first.
  func unfinishedWaits() -> [Stall]
}

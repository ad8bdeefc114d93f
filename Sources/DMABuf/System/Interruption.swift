// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A moment on `CLOCK_MONOTONIC` at which a wait times out.
public struct Deadline: Sendable {
  /// Nanoseconds of ``Clock``.
  public let nanoseconds: UInt64

  /// Creates the moment that is `interval` from now.
  public init(after interval: Duration) {
    let (seconds, attoseconds) = interval.components
    let delta = UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds)) / 1_000_000_000
    nanoseconds = Clock.now &+ delta
  }

  package func earlier(of other: Deadline?) -> Deadline {
    if let other, other.nanoseconds < nanoseconds { return other }
    return self
  }

  /// Whether the moment has passed.
  public var isPast: Bool { remaining == 0 }

  /// Sleeps until the moment. Throws ``Interrupted`` when the process was asked to end.
  public func sleep() throws(Interrupted) {
    while true {
      try Interruption.check()
      let left = remaining
      guard left > 0 else { return }
      // Sleep in short pieces: a signal that arrives just before the call does not end the sleep.
      var piece = timespec(tv_sec: 0, tv_nsec: Int(min(left, 100_000_000)))
      unsafe nanosleep(&piece, nil)
    }
  }

  package var remaining: UInt64 {
    let now = Clock.now
    return nanoseconds > now ? nanoseconds - now : 0
  }
}

/// The kernel's monotonic clock.
public enum Clock {
  /// Nanoseconds of `CLOCK_MONOTONIC`, the clock of fence timestamps.
  public static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    // 64 bits hold five hundred years.
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
  }

  /// Nanoseconds of `CLOCK_REALTIME`, the clock of file times.
  public static var realTime: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

/// Whether this process was asked to end.
///
/// The library itself catches no signals: a program that uses it keeps its own signal handling, and interrupted calls
/// are repeated.
public enum Interruption {
  /// The signal that asked this process to end; `nil` when there was none.
  public static var signal: CInt? {
    let signal = cdmabuf_ending_signal()
    return signal == 0 ? nil : signal
  }

  /// Throws ``Interrupted`` once the process was asked to end. For loops whose calls do not sleep.
  public static func check() throws(Interrupted) {
    if signal != nil { throw Interrupted() }
  }

  /// Repeats a call until it is not interrupted. Once the process was asked to end, an interrupted call fails with the
  /// kernel's `EINTR`. Set `retryingAgain` for calls that document `EAGAIN` as «try again».
  package static func restarting<Result: FixedWidthInteger & SignedInteger>(
    _ call: KernelCall, on subject: String, retryingAgain: Bool = false, _ body: () -> Result
  ) throws(KernelError) -> Result {
    while true {
      let result = body()
      if result >= 0 { return result }
      let reason = Errno(rawValue: errno)
      guard isRepeated(after: reason, retryingAgain: retryingAgain) else {
        throw KernelError(call, on: subject, errno: reason)
      }
    }
  }

  static func isRepeated(after reason: Errno, retryingAgain: Bool) -> Bool {
    signal == nil && (reason == .interrupted || retryingAgain && reason == .resourceTemporarilyUnavailable)
  }
}

/// An error: the operation stopped because the process was asked to end. The kernel has refused nothing.
public struct Interrupted: Error, Equatable, Sendable {
  package init() {}
}

extension Interrupted: CustomStringConvertible {
  /// The word `interrupted`.
  public var description: String { "interrupted" }
}

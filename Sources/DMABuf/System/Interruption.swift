internal import CDMABuf
import Glibc
import SystemPackage

/// A moment on `CLOCK_MONOTONIC` after which waiting is given up.
public struct Deadline: Sendable {
  /// Nanoseconds of ``Clock``.
  public let nanoseconds: UInt64

  /// The moment `interval` from now.
  public init(after interval: Duration) {
    let (seconds, attoseconds) = interval.components
    let delta = UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds)) / 1_000_000_000
    nanoseconds = Clock.now &+ delta
  }

  package func earlier(of other: Deadline?) -> Deadline {
    if let other, other.nanoseconds < nanoseconds { return other }
    return self
  }

  /// Has the moment come?
  public var isPast: Bool { remaining == 0 }

  /// Sleeps until the moment comes. Throws `EINTR` when the process was asked to end.
  public func sleep() throws(KernelError) {
    while true {
      try Interruption.check()
      let left = remaining
      guard left > 0 else { return }
      // In pieces: a signal that comes just before the call would be slept through.
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
  /// Nanoseconds of `CLOCK_MONOTONIC`, the clock that fence timestamps are given in.
  public static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    // Five hundred years fit.
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
  }

  /// Nanoseconds of `CLOCK_REALTIME`, the clock of files' times.
  public static var realTime: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

/// Whether this process was asked to end.
///
/// Nothing is caught by the library itself: a program that uses it keeps its own signal handling, and interrupted calls
/// are then simply made again.
public enum Interruption {
  /// The signal that asked this process to end, if one has.
  public static var signal: CInt? {
    let signal = cdmabuf_ending_signal()
    return signal == 0 ? nil : signal
  }

  /// Throws `EINTR` once the process was asked to end, as a call that sleeps would: for loops that make no calls.
  public static func check(_ call: KernelCall = .nanosleep, on subject: String = "dmabuf") throws(KernelError) {
    if cdmabuf_ending_signal() != 0 { throw KernelError(call, on: subject, errno: .interrupted) }
  }

  /// Makes a call until it is not interrupted any more. Fails with `EINTR` when the process was asked to end. Calls
  /// that document `EAGAIN` as «try again» say so.
  package static func restarting<Result: FixedWidthInteger & SignedInteger>(
    _ call: KernelCall, on subject: String, retryingAgain: Bool = false, _ body: () -> Result
  ) throws(KernelError) -> Result {
    while true {
      let result = body()
      if result >= 0 { return result }
      let reason = Errno(rawValue: errno)
      guard reason == .interrupted || retryingAgain && reason == .resourceTemporarilyUnavailable else {
        throw KernelError(call, on: subject, errno: reason)
      }
      try check(call, on: subject)
    }
  }

  /// The same, and throws ``TimedOut`` when the call is interrupted after `deadline`.
  package static func restarting<Result: FixedWidthInteger & SignedInteger>(
    _ call: KernelCall, on subject: String, until deadline: Deadline?, retryingAgain: Bool = false,
    _ body: () -> Result
  ) throws -> Result {
    while true {
      do throws(KernelError) {
        let result = body()
        if result >= 0 { return result }
        throw KernelError(call, on: subject)
      } catch {
        guard
          error.errno == .interrupted || retryingAgain && error.errno == .resourceTemporarilyUnavailable
        else { throw error }
        try check(call, on: subject)
        if let deadline, deadline.isPast { throw TimedOut(call, on: subject) }
      }
    }
  }
}

// SPDX-License-Identifier: MIT
import Glibc
public import SystemPackage

/// An error of the kernel: the call, the object and the errno. It contains facts only; hints are up to the caller.
public struct KernelError: Error, Equatable, Sendable {
  /// The call that failed.
  public let call: KernelCall
  /// The object of the call: a path, `fd:3`, `4711:23`.
  public let subject: String
  /// The kernel's errno.
  public let errno: Errno

  /// Creates an error.
  package init(_ call: KernelCall, on subject: String, errno: Errno) {
    self.call = call
    self.subject = subject
    self.errno = errno
  }

  /// Creates an error from the thread's `errno`. No other call may run between the failed call and this initializer.
  package init(_ call: KernelCall, on subject: String) {
    self.init(call, on: subject, errno: Errno(rawValue: Glibc.errno))
  }
}

extension KernelError: CustomStringConvertible {
  /// `SUBJECT: CALL: strerror`.
  public var description: String { "\(subject): \(call): \(errno)" }
}

/// An error: a wait has timed out.
public struct TimedOut: Error, Equatable, Sendable {
  /// The call that waited.
  public let call: KernelCall
  /// The object of the call.
  public let subject: String

  package init(_ call: KernelCall, on subject: String) {
    self.call = call
    self.subject = subject
  }
}

extension TimedOut: CustomStringConvertible {
  /// `SUBJECT: CALL: strerror`, like ``KernelError``.
  public var description: String { "\(subject): \(call): \(Errno.timedOut)" }
}

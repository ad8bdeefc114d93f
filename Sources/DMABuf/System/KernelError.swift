// SPDX-License-Identifier: MIT
import Glibc
public import SystemPackage

/// A refusal by the kernel: which call, on what, and why. Only facts; what to do about it is for
/// the caller to say.
public struct KernelError: Error, Equatable, Sendable {
  /// What was refused.
  public let call: KernelCall
  /// What the call was made on: a path, `fd:3`, `4711:23`.
  public let subject: String
  /// The kernel's reason.
  public let errno: Errno

  /// Describes a refusal.
  package init(_ call: KernelCall, on subject: String, errno: Errno) {
    self.call = call
    self.subject = subject
    self.errno = errno
  }

  /// Takes the reason from the thread's `errno`: nothing may run between the call and this.
  package init(_ call: KernelCall, on subject: String) {
    self.init(call, on: subject, errno: Errno(rawValue: Glibc.errno))
  }
}

extension KernelError: CustomStringConvertible {
  /// `SUBJECT: CALL: strerror`.
  public var description: String { "\(subject): \(call): \(errno)" }
}

/// The end of a wait: the deadline has passed, and what was waited for has not come.
public struct TimedOut: Error, Equatable, Sendable {
  /// The call that waits.
  public let call: KernelCall
  /// What the call was made on.
  public let subject: String

  package init(_ call: KernelCall, on subject: String) {
    self.call = call
    self.subject = subject
  }
}

extension TimedOut: CustomStringConvertible {
  /// `SUBJECT: CALL: strerror`, as of a ``KernelError``.
  public var description: String { "\(subject): \(call): \(Errno.timedOut)" }
}

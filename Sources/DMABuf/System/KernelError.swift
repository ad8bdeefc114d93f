import Glibc
public import SystemPackage

/// A refusal by the kernel: which call, on what, and why. Only facts; what to do about it is for
/// the caller to say.
public struct KernelError: Error, Equatable, Sendable {
  /// The request or call by its kernel name, such as `DMA_HEAP_IOCTL_ALLOC` or `open`.
  public let call: String
  /// What the call was made on: a path, `fd:3`, `4711:23`.
  public let subject: String
  /// The kernel's reason.
  public let errno: Errno

  /// Describes a refusal.
  public init(_ call: String, on subject: String, errno: Errno) {
    self.call = call
    self.subject = subject
    self.errno = errno
  }

  /// Takes the reason from the thread's `errno`: nothing may run between the call and this.
  init(_ call: String, on subject: String) {
    self.init(call, on: subject, errno: Errno(rawValue: Glibc.errno))
  }
}

extension KernelError: CustomStringConvertible {
  /// `SUBJECT: CALL: strerror`.
  public var description: String { "\(subject): \(call): \(errno)" }
}

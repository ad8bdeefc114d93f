import Glibc
import SystemPackage

/// The symbols of errno(3) that scripts compare with.
enum ErrnoName {
  static func of(_ errno: Errno) -> String { names[errno] ?? "errno \(errno.rawValue)" }

  private static let names: [Errno: String] = [
    .notPermitted: "EPERM", .noSuchFileOrDirectory: "ENOENT", .noSuchProcess: "ESRCH", .interrupted: "EINTR",
    .ioError: "EIO", .noSuchAddressOrDevice: "ENXIO", .badFileDescriptor: "EBADF",
    .resourceTemporarilyUnavailable: "EAGAIN", .noMemory: "ENOMEM", .permissionDenied: "EACCES",
    .badAddress: "EFAULT", .resourceBusy: "EBUSY", .fileExists: "EEXIST", .improperLink: "EXDEV",
    .operationNotSupportedByDevice: "ENODEV", .invalidArgument: "EINVAL", .tooManyOpenFilesInSystem: "ENFILE",
    .tooManyOpenFiles: "EMFILE", .inappropriateIOCTLForDevice: "ENOTTY", .fileTooLarge: "EFBIG",
    .noSpace: "ENOSPC", .brokenPipe: "EPIPE", .outOfRange: "ERANGE", .noFunction: "ENOSYS",
    .noLink: "ENOLINK", .protocolError: "EPROTO", .overflow: "EOVERFLOW", .notSupported: "EOPNOTSUPP",
    .timedOut: "ETIMEDOUT", .invalidRequestDescriptor: "EBADR",
  ]
}

extension Errno {
  /// `EBADR`: to queues of V4L2, that buffers have to come with a media request.
  static var invalidRequestDescriptor: Errno { Errno(rawValue: EBADR) }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// The kind of file behind a descriptor, determined without using the descriptor. Errors name the kind when a command
/// expects another one.
public enum DescriptorKind: Equatable, Sendable {
  /// A dma-buf.
  case dmaBuffer
  /// A sync_file: one fence, or several merged.
  case syncFile
  /// A syncobj of DRM.
  case syncObject
  /// Memory created by `memfd_create(2)`.
  case memfd
  /// A socket of any family.
  case socket
  /// A pipe or FIFO.
  case pipe
  /// Any other file, with its name in `/proc/PID/fd`.
  case other(UntrustedText)

  /// Determines the kind of descriptor `number` of process `pid`, or of this process.
  public static func of(descriptor number: CInt, process pid: Int32? = nil) throws(KernelError) -> DescriptorKind {
    let owner = pid.map(String.init) ?? "self"
    let subject = pid.map { "\($0):\(number)" } ?? "fd:\(number)"
    let path = "/proc/\(owner)/fd/\(number)"
    let link = try readLink(path, subject: subject)
    if link.starts(with: "/dmabuf:".utf8), unsafe cdmabuf_path_magic(path) == CDMABUF_SUPER_MAGIC {
      return .dmaBuffer
    }
    if link == Array("anon_inode:sync_file".utf8) { return .syncFile }
    if link == Array("anon_inode:syncobj_file".utf8) { return .syncObject }
    if link.starts(with: "/memfd:".utf8) { return .memfd }
    if link.starts(with: "socket:".utf8) { return .socket }
    if link.starts(with: "pipe:".utf8) { return .pipe }
    return .other(UntrustedText(link))
  }

  private static func readLink(_ path: String, subject: String) throws(KernelError) -> [UInt8] {
    let result = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
      count = unsafe max(0, readlink(path, buffer.baseAddress!, buffer.count))
    }
    if result.isEmpty { throw KernelError(.readlink, on: subject) }
    return result
  }
}

extension DescriptorKind: CustomStringConvertible {
  /// The kind with its article, for a sentence: `a socket`.
  public var description: String {
    switch self {
    case .dmaBuffer: "a dma-buf"
    case .syncFile: "a sync_file"
    case .syncObject: "a syncobj"
    case .memfd: "a memfd"
    case .socket: "a socket"
    case .pipe: "a pipe"
    case .other(let name): name.escaped
    }
  }
}

/// An error: a descriptor has another kind than expected.
public struct WrongKind: Error, Equatable, Sendable {
  /// The name that the user knows the descriptor by.
  public let subject: String
  /// The kind of the descriptor.
  public let kind: DescriptorKind
  /// The expected kind.
  public let wanted: Wanted

  /// The kind that a caller expects.
  public enum Wanted: String, Sendable {
    /// A dma-buf.
    case buffer = "a dma-buf"
    /// A sync_file.
    case syncFile = "a sync_file"
    /// A syncobj.
    case syncObject = "a syncobj"
    /// Any file that has fences.
    case anyWithFences = "a dma-buf, a sync_file or a syncobj"
  }

  /// Creates an error.
  public init(subject: String, kind: DescriptorKind, wanted: Wanted = .buffer) {
    self.subject = subject
    self.kind = kind
    self.wanted = wanted
  }
}

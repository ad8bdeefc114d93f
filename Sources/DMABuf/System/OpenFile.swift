// SPDX-License-Identifier: MIT
internal import CDMABuf
package import Glibc
import SystemPackage

/// An open descriptor and its name in errors.
public struct OpenFile: ~Copyable, Sendable {
  package let descriptor: OwnedDescriptor
  /// The name that the user knows the file by: a path, `fd:3`, `4711:23`.
  public let name: String

  /// Creates a file from a descriptor and a name.
  public init(_ descriptor: consuming OwnedDescriptor, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  /// Opens a path with close-on-exec.
  ///
  /// Corresponds to `open(2)`. `flags` are added to `O_CLOEXEC`.
  public init(_ path: String, _ flags: CInt, permissions: UInt32 = 0) throws(KernelError) {
    let number = try Interruption.restarting(.open, on: path) {
      unsafe path.withSystemBytes { unsafe Glibc.open($0, flags | O_CLOEXEC, permissions) }
    }
    self.init(OwnedDescriptor(owning: number), name: path)
  }

  /// Opens a name in an open directory, with close-on-exec.
  ///
  /// Corresponds to `openat(2)`.
  package init(_ name: String, in directory: borrowing Directory, _ flags: CInt) throws(KernelError) {
    let path = directory.file.name + "/" + name
    let parent = directory.descriptor
    let number = try Interruption.restarting(.openat, on: path) { unsafe openat(parent, name, flags | O_CLOEXEC) }
    self.init(OwnedDescriptor(owning: number), name: path)
  }

  /// References the file of a path without opening it.
  ///
  /// Corresponds to `open(2)` with `O_PATH`.
  package init(namedBy path: String) throws(KernelError) {
    let number = try Interruption.restarting(.open, on: path) {
      unsafe path.withSystemBytes { unsafe cdmabuf_open_path($0) }
    }
    self.init(OwnedDescriptor(owning: number), name: path)
  }

  /// Opens a user's file for reading.
  public init(reading path: String) throws(KernelError) { try self.init(path, O_RDONLY) }

  /// Returns the descriptor alone and transfers its ownership.
  package consuming func takeDescriptor() -> OwnedDescriptor { descriptor }

  /// Makes an ioctl request. An interrupted call is repeated, unless the process was asked to end.
  @inline(__always) @discardableResult
  package func ioctl<Argument>(
    _ request: Request<Argument>, _ argument: inout Argument, retryingAgain: Bool = false
  ) throws(KernelError) -> CInt {
    // The first call nearly always succeeds. A benchmark then measures this call alone.
    let result = unsafe call(request, &argument)
    if result >= 0 { return result }
    return try unsafe repeatIoctl(request, &argument, after: Errno(rawValue: errno), retryingAgain: retryingAgain)
  }

  /// Makes a request whose argument is memory of any length.
  package func ioctl<Argument>(_ request: Request<Argument>, at argument: UnsafeMutablePointer<Argument>)
    throws(KernelError)
  {
    if unsafe call(request, argument) >= 0 { return }
    _ = try unsafe repeatIoctl(request, argument, after: Errno(rawValue: errno), retryingAgain: false)
  }

  /// Makes a request, and throws ``TimedOut`` when the call is interrupted after `deadline`.
  package func ioctl<Argument>(
    _ request: Request<Argument>, _ argument: inout Argument, retryingAgain: Bool = false, until deadline: Deadline
  ) throws {
    while unsafe call(request, &argument) < 0 {
      let reason = Errno(rawValue: errno)
      guard Interruption.isRepeated(after: reason, retryingAgain: retryingAgain) else {
        throw KernelError(request.call, on: name, errno: reason)
      }
      if deadline.isPast { throw TimedOut(request.call, on: name) }
    }
  }

  /// Makes a request that restores something and does not wait for long. An interrupted call is repeated even when the process was asked to end.
  @inline(__always)
  package func ioctlToTheEnd<Argument>(
    _ request: Request<Argument>, _ argument: inout Argument
  ) throws(KernelError) {
    while unsafe call(request, &argument) < 0 {
      let reason = Errno(rawValue: errno)
      if reason != .interrupted && reason != .resourceTemporarilyUnavailable {
        throw KernelError(request.call, on: name, errno: reason)
      }
    }
  }

  /// The only function that calls `ioctl(2)`.
  @inline(__always)
  private func call<Argument>(_ request: Request<Argument>, _ argument: UnsafeMutablePointer<Argument>) -> CInt {
    unsafe cdmabuf_ioctl(descriptor.rawValue, request.number, argument)
  }

  @inline(never)
  private func repeatIoctl<Argument>(
    _ request: Request<Argument>, _ argument: UnsafeMutablePointer<Argument>, after reason: Errno, retryingAgain: Bool
  ) throws(KernelError) -> CInt {
    guard Interruption.isRepeated(after: reason, retryingAgain: retryingAgain) else {
      throw KernelError(request.call, on: name, errno: reason)
    }
    return try Interruption.restarting(request.call, on: name, retryingAgain: retryingAgain) {
      unsafe call(request, argument)
    }
  }

  /// The result of `fstat(2)`.
  package func status() throws(KernelError) -> stat {
    var result = stat()
    guard unsafe fstat(descriptor.rawValue, &result) == 0 else { throw KernelError(.fstat, on: name) }
    return result
  }

  /// Whether this is the dma-buf with this inode number.
  public func isBuffer(inode: UInt64) throws(KernelError) -> Bool {
    let status = try status()
    return cdmabuf_magic(descriptor.rawValue) == CDMABUF_SUPER_MAGIC && UInt64(status.st_ino) == inode
  }

  /// Reads at most `buffer.count` bytes. Returns 0 at the end of the file.
  ///
  /// Corresponds to `read(2)`.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(KernelError) -> Int {
    try unsafe read(into: buffer, retryingAgain: false)
  }

  /// Reads from files that return `EAGAIN` when the kernel has worked for long without a result yet.
  package func read(into buffer: UnsafeMutableRawBufferPointer, retryingAgain: Bool) throws(KernelError) -> Int {
    try Interruption.restarting(.read, on: name, retryingAgain: retryingAgain) {
      unsafe Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count)
    }
  }

  /// Whether the file is at its end. Consumes one byte of a stream that is not.
  public func isAtEnd() throws(KernelError) -> Bool {
    let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
    defer { unsafe byte.deallocate() }
    return try unsafe read(into: byte) == 0
  }

  /// Writes all of `bytes`.
  ///
  /// Corresponds to `write(2)`, repeated until all bytes are written.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(KernelError) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let written = try Interruption.restarting(.write, on: name) {
        unsafe Glibc.write(descriptor.rawValue, rest.base.baseAddress! + rest.startIndex, rest.count)
      }
      unsafe rest = rest.dropFirst(written)
    }
  }

  /// Writes all of `bytes`. The bytes are copied first, so there should be few.
  public func write(_ bytes: some Collection<UInt8>) throws(KernelError) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { unsafe copy.deallocate() }
    unsafe copy.copyBytes(from: bytes)
    try unsafe write(UnsafeRawBufferPointer(copy))
  }

  /// The size of a regular file in bytes; `nil` for anything else.
  public func regularFileSize() throws(KernelError) -> Int? {
    let status = try status()
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }
}

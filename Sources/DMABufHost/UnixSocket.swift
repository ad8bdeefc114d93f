// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
package import Glibc
import SystemPackage

/// A Unix socket that carries short messages and descriptors.
package struct UnixSocket: ~Copyable, Sendable {
  /// The kind of a socket's messages.
  package enum Kind: Sendable {
    /// A stream of bytes, as most programs use it.
    case stream
    /// Messages that arrive whole.
    case packets

    var rawValue: CInt {
      switch self {
      case .stream: CInt(SOCK_STREAM.rawValue)
      case .packets: CInt(SOCK_SEQPACKET.rawValue)
      }
    }
  }

  /// A message and its descriptors.
  package struct Message: ~Copyable {
    /// The bytes of the message.
    package let bytes: [UInt8]
    /// The descriptors, close-on-exec. The receiver has to close them.
    package let descriptors: [CInt]
  }

  package let file: OpenFile

  package init(owning descriptor: CInt, name: String) {
    file = OpenFile(OwnedDescriptor(owning: descriptor), name: name)
  }

  private init(_ kind: Kind, name: String) throws(KernelError) {
    let descriptor = socket(AF_UNIX, kind.rawValue | Self.closeOnExec, 0)
    guard descriptor >= 0 else { throw KernelError(.socket, on: name) }
    self.init(owning: descriptor, name: name)
  }

  /// Connects to the socket at `path`. Errors contain `name`, or the path if `name` is `nil`.
  ///
  /// Corresponds to `connect(2)`. Throws `ECONNREFUSED` when no process listens any more, `EPROTOTYPE` when the socket
  /// is of the other kind, ``TimedOut`` once `deadline` has passed.
  package init(connectingTo path: String, _ kind: Kind, name: String? = nil, deadline: Deadline? = nil) throws {
    let socket = try UnixSocket(kind, name: name ?? path)
    try socket.limited(.connect, by: deadline) { descriptor in
      unsafe Self.withAddress(path) { unsafe Glibc.connect(descriptor, $0, $1) }
    }
    self = socket
  }

  private static let closeOnExec = CInt(SOCK_CLOEXEC.rawValue)

  /// Calls `body` with the address of this path or, if `isAbstract`, of an abstract name. Fails with `ENAMETOOLONG` if
  /// the path does not fit into an address, and with `ENOENT` for an empty path, which would be an abstract address.
  package static func withAddress(
    _ path: String, isAbstract: Bool = false, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) -> CInt {
    guard isAbstract || !path.isEmpty else {
      errno = ENOENT
      return -1
    }
    let bytes = (isAbstract ? [0] : []) + SystemText.bytes(path)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // A path needs a NUL at its end.
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return -1
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    // All bytes of an abstract name are significant.
    let whole = MemoryLayout<sockaddr_un>.size
    let length = isAbstract ? whole - MemoryLayout.size(ofValue: address.sun_path) + bytes.count : whole
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
    }
  }

  /// Limits the time that `connect(2)` and `sendmsg(2)` wait before they fail with `EAGAIN`; 0 is no limit.
  private func limitSending(_ nanoseconds: UInt64) {
    var limit = timeval(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_usec: Int(nanoseconds % 1_000_000_000 / 1000))
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Makes a call that may have to wait for the other end's buffer, limited by the kernel to the remaining time.
  @discardableResult
  private func limited<Result: FixedWidthInteger & SignedInteger>(
    _ call: KernelCall, by deadline: Deadline?, _ body: (CInt) -> Result
  ) throws -> Result {
    let descriptor = descriptor
    defer { if deadline != nil { limitSending(0) } }
    do throws(KernelError) {
      return try Interruption.restarting(call, on: file.name) {
        if let deadline { limitSending(max(1000, deadline.remaining)) }
        return body(descriptor)
      }
    } catch {
      guard deadline != nil, error.errno == .resourceTemporarilyUnavailable else { throw error }
      throw TimedOut(call, on: file.name)
    }
  }

  /// Creates a socket at `path` that only this user's processes can connect to, whatever the umask. Throws `EADDRINUSE`
  /// when the path exists.
  package init(listeningAt path: String, _ kind: Kind, name: String? = nil) throws(KernelError) {
    let socket = try UnixSocket(kind, name: name ?? path)
    // The socket's mode becomes the file's mode, so no other user can connect, not even for a moment.
    guard fchmod(socket.descriptor, 0o600) == 0 else { throw KernelError(.fchmod, on: name ?? path) }
    guard unsafe Self.withAddress(path, { unsafe bind(socket.descriptor, $0, $1) }) == 0 else {
      throw KernelError(.bind, on: name ?? path)
    }
    guard listen(socket.descriptor, 64) == 0 else {
      let error = KernelError(.listen, on: name ?? path)
      _ = unsafe path.withSystemBytes { unsafe unlink($0) }
      throw error
    }
    self = socket
  }

  /// Creates two connected sockets.
  ///
  /// Corresponds to `socketpair(2)`.
  package static func pair() throws(KernelError) -> Pair {
    let ends = try descriptorPair()
    return Pair(
      one: UnixSocket(owning: ends[0], name: "socket"), other: UnixSocket(owning: ends[1], name: "socket"))
  }

  /// Creates two connected sockets without owners.
  package static func descriptorPair() throws(KernelError) -> [CInt] {
    var ends: [CInt] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Kind.stream.rawValue | closeOnExec, 0, &ends) == 0 else {
      throw KernelError(.socketpair, on: "AF_UNIX")
    }
    return ends
  }

  /// Two connected sockets.
  package struct Pair: ~Copyable, Sendable {
    package let one: UnixSocket
    package let other: UnixSocket
  }

  package var descriptor: CInt { file.descriptor.rawValue }

  /// Creates a socket at `path` and waits for the first process of this user or of root that connects. The socket is
  /// removed afterwards, also after an error.
  package static func acceptOne(at path: String, deadline: Deadline?) throws -> UnixSocket {
    let listener = try UnixSocket(listeningAt: path, .stream)
    let identity = FileIdentity(path)
    defer {
      // Another program may have created its own socket there meanwhile.
      if let identity, FileIdentity(path) == identity { _ = unsafe path.withSystemBytes { unsafe unlink($0) } }
    }
    while true {
      let peer = try listener.accept(deadline: deadline)
      let user = try peer.peerUser()
      if user == geteuid() || user == 0 { return peer }
      // Processes of other users may connect repeatedly.
      if let deadline, deadline.isPast { throw TimedOut(.accept, on: path) }
    }
  }

  private struct FileIdentity: Equatable {
    let device: dev_t
    let inode: ino_t

    init?(_ path: String) {
      var status = stat()
      guard unsafe path.withSystemBytes({ unsafe lstat($0, &status) }) == 0 else { return nil }
      device = status.st_dev
      inode = status.st_ino
    }
  }

  /// Waits for the next connection.
  package func accept(deadline: Deadline? = nil) throws -> UnixSocket {
    let descriptor = descriptor
    try waitUntilReadable(deadline: deadline)
    let peer = try Interruption.restarting(.accept, on: file.name) { cdmabuf_accept(descriptor) }
    _ = cdmabuf_fcntl(peer, F_SETFL, 0)
    return UnixSocket(owning: peer, name: file.name)
  }

  /// The user at the other end, as recorded by the kernel when the socket was connected.
  package func peerUser() throws(KernelError) -> UInt32 {
    var user: uid_t = 0
    guard unsafe cdmabuf_peer_user(descriptor, &user) == 0 else {
      throw KernelError(.SO_PEERCRED, on: file.name)
    }
    return user
  }

  /// The process that listens at the other end.
  package func peerProcess() throws(KernelError) -> Int32 {
    var process: pid_t = 0
    guard unsafe cdmabuf_peer_process(descriptor, &process) == 0 else {
      throw KernelError(.SO_PEERCRED, on: file.name)
    }
    return process
  }

  /// Sends `bytes`, at least one, with descriptors, at most 253.
  ///
  /// Corresponds to `sendmsg(2)` with `SCM_RIGHTS`. Throws ``TimedOut`` once `deadline` has passed.
  package func send(_ bytes: [UInt8], descriptors: [CInt] = [], deadline: Deadline? = nil) throws {
    try limited(.sendmsg, by: deadline) { descriptor in
      unsafe cdmabuf_send(descriptor, bytes, bytes.count, descriptors, descriptors.count)
    }
  }

  /// Receives the next message of at most `limit` bytes. A message without bytes is the end.
  ///
  /// Corresponds to `recvmsg(2)`. Throws ``TruncatedMessage`` when the message does not fit, ``TimedOut`` once
  /// `deadline` has passed.
  package func receive(limit: Int, deadline: Deadline? = nil) throws -> Message {
    let descriptor = descriptor
    try waitUntilReadable(deadline: deadline)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 1)
    let numbers = UnsafeMutablePointer<CInt>.allocate(capacity: CDMABUF_MOST_DESCRIPTORS)
    defer {
      unsafe buffer.deallocate()
      unsafe numbers.deallocate()
    }
    var count = 0
    var isTruncated = false
    let length = try Interruption.restarting(.recvmsg, on: file.name) {
      unsafe cdmabuf_receive(descriptor, buffer.baseAddress, limit, numbers, &count, &isTruncated)
    }
    let descriptors: [CInt] = unsafe Array(UnsafeBufferPointer(start: numbers, count: count))
    if isTruncated {
      // The kernel also truncates descriptors when this process has reached its limit.
      let spare = cdmabuf_fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      let isFull = spare < 0 && errno == EMFILE
      for descriptor in descriptors + (spare < 0 ? [] : [spare]) { close(descriptor) }
      throw TruncatedMessage(subject: file.name, lacksDescriptors: isFull)
    }
    return unsafe Message(bytes: Array(buffer[..<length]), descriptors: descriptors)
  }

  /// Waits until the socket is readable, so that a deadline need not interrupt the read.
  private func waitUntilReadable(deadline: Deadline?) throws {
    guard try Polling.poll(POLLIN, of: descriptor, on: file.name, deadline: deadline) != 0 else {
      throw TimedOut(.poll, on: file.name)
    }
  }
}

/// An error: a message was longer, or had more descriptors, than could be received. Its descriptors have been closed.
package struct TruncatedMessage: Error, Equatable, Sendable {
  /// The name of the socket in errors.
  package let subject: String
  /// Whether the reason is this process's limit of descriptors.
  package let lacksDescriptors: Bool
}

extension TruncatedMessage: CustomStringConvertible {
  /// The text, with the kernel's message for the reason.
  package var description: String {
    "\(subject): recvmsg: \(lacksDescriptors ? Errno.tooManyOpenFiles : .messageTooLong)"
  }
}

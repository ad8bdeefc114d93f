internal import CDMABuf
import Glibc
import SystemPackage

/// A Unix socket that carries short messages and descriptors.
public struct UnixSocket: ~Copyable, Sendable {
  /// What a socket's messages are.
  public enum Kind: Sendable {
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

  /// A message and what came with it.
  public struct Message: ~Copyable {
    /// Its bytes.
    public let bytes: [UInt8]
    /// Descriptors, close-on-exec; the receiver's to close.
    public let descriptors: [CInt]
  }

  let file: OpenFile

  init(owning descriptor: CInt, name: String) {
    file = OpenFile(OwnedDescriptor(owning: descriptor), name: name)
  }

  private init(_ kind: Kind, name: String) throws(KernelError) {
    let descriptor = cdmabuf_unix_socket(kind.rawValue)
    guard descriptor >= 0 else { throw KernelError("socket", on: name) }
    self.init(owning: descriptor, name: name)
  }

  /// Connects to the socket at `path`; errors call it `name`, if that is not the path.
  ///
  /// Corresponds to `connect(2)`. Throws `ECONNREFUSED` when nobody listens any more, `EPROTOTYPE` when
  /// the socket is of the other kind.
  public init(
    connectingTo path: String, _ kind: Kind, name: String? = nil, deadline: Deadline? = nil
  ) throws(KernelError) {
    let socket = try UnixSocket(kind, name: name ?? path)
    let descriptor = socket.descriptor
    _ = try Interruption.restarting("connect", on: name ?? path, deadline: deadline) {
      unsafe path.withSystemBytes { unsafe cdmabuf_unix_connect(descriptor, $0) }
    }
    self = socket
  }

  /// Makes a socket at `path` that this user's processes can connect to, whatever the umask. Throws
  /// `EADDRINUSE` when something is there.
  init(listeningAt path: String, _ kind: Kind, name: String? = nil) throws(KernelError) {
    let socket = try UnixSocket(kind, name: name ?? path)
    // The socket's mode becomes the file's: nobody else can connect, not even for a moment.
    guard fchmod(socket.descriptor, 0o600) == 0 else { throw KernelError("fchmod", on: name ?? path) }
    guard unsafe path.withSystemBytes({ unsafe cdmabuf_unix_bind(socket.descriptor, $0) }) == 0 else {
      throw KernelError("bind", on: name ?? path)
    }
    guard listen(socket.descriptor, 64) == 0 else {
      let error = KernelError("listen", on: name ?? path)
      _ = unsafe path.withSystemBytes { unsafe unlink($0) }
      throw error
    }
    self = socket
  }

  var descriptor: CInt { file.descriptor.rawValue }

  /// Makes a socket at `path`, waits for the first process of this user or of root that connects, and removes the
  /// socket again, after an error too.
  public static func acceptOne(at path: String, deadline: Deadline?) throws(KernelError) -> UnixSocket {
    let listener = try UnixSocket(listeningAt: path, .stream)
    let identity = FileIdentity(path)
    defer {
      // Another program may have put a socket of its own there meanwhile.
      if let identity, FileIdentity(path) == identity { _ = unsafe path.withSystemBytes { unsafe unlink($0) } }
    }
    while true {
      let peer = try listener.accept(deadline: deadline)
      let user = try peer.peerUser()
      if user == geteuid() || user == 0 { return peer }
      // Others may come without end.
      if let deadline, deadline.isPast { throw KernelError("accept", on: path, errno: .timedOut) }
    }
  }

  /// Which file a path leads to.
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

  /// Waits for the next who connects.
  func accept(deadline: Deadline? = nil) throws(KernelError) -> UnixSocket {
    let descriptor = descriptor
    try waitUntilReadable(deadline: deadline)
    let peer = try Interruption.restarting("accept", on: file.name, deadline: deadline) { cdmabuf_accept(descriptor) }
    _ = cdmabuf_fcntl(peer, F_SETFL, 0)
    return UnixSocket(owning: peer, name: file.name)
  }

  /// The user at the other end, as the kernel noted it when the socket was connected.
  func peerUser() throws(KernelError) -> uid_t {
    var user: uid_t = 0
    guard unsafe cdmabuf_peer_user(descriptor, &user) == 0 else {
      throw KernelError("getsockopt(SO_PEERCRED)", on: file.name)
    }
    return user
  }

  /// The process that listens at the other end.
  func peerProcess() throws(KernelError) -> Int32 {
    var process: pid_t = 0
    guard unsafe cdmabuf_peer_process(descriptor, &process) == 0 else {
      throw KernelError("getsockopt(SO_PEERCRED)", on: file.name)
    }
    return process
  }

  /// Sends `bytes`, at least one, with descriptors, at most 253.
  ///
  /// Corresponds to `sendmsg(2)` with `SCM_RIGHTS`.
  public func send(_ bytes: [UInt8], descriptors: [CInt] = [], deadline: Deadline? = nil) throws(KernelError) {
    let descriptor = descriptor
    _ = try Interruption.restarting("sendmsg", on: file.name, deadline: deadline) {
      unsafe cdmabuf_send(descriptor, bytes, bytes.count, descriptors, descriptors.count)
    }
  }

  /// Receives the next message of at most `limit` bytes; one without bytes is the end.
  ///
  /// Corresponds to `recvmsg(2)`. Throws `EMSGSIZE` when more was sent than fits.
  public func receive(limit: Int, deadline: Deadline? = nil) throws(KernelError) -> Message {
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
    let length = try Interruption.restarting("recvmsg", on: file.name, deadline: deadline) {
      unsafe cdmabuf_receive(descriptor, buffer.baseAddress, limit, numbers, &count, &isTruncated)
    }
    let descriptors: [CInt] = unsafe Array(UnsafeBufferPointer(start: numbers, count: count))
    if isTruncated {
      // Descriptors are left out, too, when this process may not have as many.
      let spare = cdmabuf_fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      let isFull = spare < 0 && errno == EMFILE
      for descriptor in descriptors + (spare < 0 ? [] : [spare]) { close(descriptor) }
      throw KernelError("recvmsg", on: file.name, errno: isFull ? .tooManyOpenFiles : .messageTooLong)
    }
    return unsafe Message(bytes: Array(buffer[..<length]), descriptors: descriptors)
  }

  /// Returns once something can be read, so that a deadline need not interrupt the reading.
  private func waitUntilReadable(deadline: Deadline?) throws(KernelError) {
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let milliseconds = deadline.map { CInt(clamping: ($0.remaining + 999_999) / 1_000_000) } ?? -1
      let result = unsafe poll(&entry, 1, milliseconds)
      if result > 0 { return }
      if result == 0 { throw KernelError("poll", on: file.name, errno: .timedOut) }
      let reason = Errno(rawValue: errno)
      guard reason == .interrupted else { throw KernelError("poll", on: file.name, errno: reason) }
      try Interruption.check("poll", on: file.name)
    }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// The directory of the sockets of a user's holders. No other user can read it or create files in it: it belongs to the
/// user, has mode 0700, and is not reached through a symbolic link.
///
/// Sockets are accessed through `/proc/self/fd`. So the directory that was checked is the one that is used, and the
/// path is short enough for a socket address.
struct RuntimeDirectory: ~Copyable {
  let path: String
  private let directory: Directory

  /// Opens and checks the directory. Creates it first if `creating`.
  ///
  /// Throws `ENOENT` on the directory's path when the directory does not exist, and `ENOENT` on `/proc/self` without
  /// procfs. Throws ``RuntimeDirectoryError`` when the directory is not private to the user, `ENOTDIR` or `ELOOP` when
  /// the path is not a directory.
  init(creating: Bool) throws {
    let directory = try Self.open(Self.path, creating: creating)
    path = directory.file.name
    self.directory = directory
  }

  private static func open(_ path: String, creating: Bool) throws -> Directory {
    guard unsafe access("/proc/self/fd", F_OK) == 0 else { throw KernelError(.open, on: "/proc/self") }
    if creating, unsafe path.withSystemBytes({ unsafe mkdir($0, 0o700) }) != 0, errno != EEXIST {
      throw KernelError(.mkdir, on: path)
    }
    let file = try OpenFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    let status = try file.status()
    guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw RuntimeDirectoryError.notPrivate(path)
    }
    return Directory(file)
  }

  /// `$XDG_RUNTIME_DIR/dmabuf`; without this variable `/run/dmabuf` for root, otherwise `/tmp/dmabuf-UID`.
  static var path: String {
    if let variable = unsafe getenv("XDG_RUNTIME_DIR") {
      let parent = unsafe SystemText.string(cString: variable)
      var status = stat()
      // A directory of another user (`sudo -E`) must not be used.
      if parent.utf8.first == UInt8(ascii: "/"), unsafe parent.withSystemBytes({ unsafe stat($0, &status) }) == 0,
        status.st_uid == geteuid()
      {
        return parent + "/dmabuf"
      }
    }
    return geteuid() == 0 ? "/run/dmabuf" : "/tmp/dmabuf-\(geteuid())"
  }

  var descriptor: CInt { directory.descriptor }

  func socketPath(_ name: HeldName) -> String { "/proc/self/fd/\(directory.descriptor)/\(name)" }

  /// Opens the file with this name. Returns `nil` if there is none. Throws an error if it is not a socket of the user.
  func socket(_ name: HeldName) throws -> HolderSocket? {
    let number = unsafe openat(directory.descriptor, name.text, CDMABUF_O_PATH | O_NOFOLLOW | O_CLOEXEC)
    guard number >= 0 else {
      if errno == ENOENT { return nil }
      throw KernelError(.openat, on: path + "/\(name)")
    }
    let file = OpenFile(OwnedDescriptor(owning: number), name: path + "/\(name)")
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
      throw RuntimeDirectoryError.notSocket(file.name)
    }
    return HolderSocket(file: file, identity: SocketIdentity(status))
  }

  /// Removes the name if it still belongs to this socket.
  func remove(_ name: HeldName, _ identity: SocketIdentity) {
    if let socket = try? socket(name), socket.identity == identity {
      _ = unsafe unlinkat(directory.descriptor, name.text, 0)
    }
  }

  /// Removes the name, whichever file it belongs to. Only for a socket that was created just now, under the lock.
  func remove(_ name: HeldName) { _ = unsafe unlinkat(directory.descriptor, name.text, 0) }

  /// All valid names in the directory, sorted, with or without a running holder.
  func names() throws(KernelError) -> [HeldName] {
    try directory.names().compactMap { HeldName($0) }.sorted { $0.text < $1.text }
  }

  /// Runs `body` under a lock, so that no other process creates or replaces a name.
  func locked<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let lock = try lock()
    let result = try body()
    _ = consume lock
    return result
  }

  private func lock() throws -> OwnedDescriptor {
    let name = path + "/.lock"
    let number = unsafe openat(
      directory.descriptor, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw KernelError(.openat, on: name) }
    let lock = OwnedDescriptor(owning: number)
    let deadline = Deadline(after: .seconds(10))
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      switch Errno(rawValue: errno) {
      case .noFunction: return try lockedAddress(deadline: deadline)
      case .wouldBlock, .interrupted: break
      case let reason: throw KernelError(.flock, on: name, errno: reason)
      }
      if deadline.isPast { throw TimedOut(.flock, on: name) }
      try Deadline(after: .milliseconds(10)).sleep()
    }
    return lock
  }

  /// A lock for kernels without CONFIG_FILE_LOCKING: an abstract socket address, which the kernel frees when its owner
  /// exits, like a file lock. Any user can take the address, but can only delay the lock.
  private func lockedAddress(deadline: Deadline) throws -> OwnedDescriptor {
    let status = try directory.file.status()
    let number = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw KernelError(.socket, on: path + "/.lock") }
    let lock = OwnedDescriptor(owning: number)
    while true {
      let name = "dmabuf-lock-\(status.st_dev)-\(status.st_ino)"
      if unsafe UnixSocket.withAddress(name, isAbstract: true, { unsafe bind(number, $0, $1) }) == 0 { return lock }
      guard errno == EADDRINUSE else { throw KernelError(.bind, on: path + "/.lock") }
      if deadline.isPast { throw TimedOut(.bind, on: path + "/.lock") }
      try Deadline(after: .milliseconds(10)).sleep()
    }
  }
}

/// An error of the directory of the holders' sockets.
public enum RuntimeDirectoryError: Error, Equatable, Sendable {
  /// The directory with this path is not private to the user.
  case notPrivate(String)
  /// The file in the place of this socket is not a socket of the user.
  case notSocket(String)
}

extension RuntimeDirectoryError: CustomStringConvertible {
  /// One line.
  public var description: String {
    switch self {
    case .notPrivate(let path): "cannot use \(path): it is not private to this user"
    case .notSocket(let path): "\(path): connect: \(Errno.notSocket)"
    }
  }
}

/// The identity of the socket that a name belonged to when it was checked.
public struct SocketIdentity: Equatable, Sendable {
  let device: UInt64
  let inode: UInt64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}

/// A holder's socket, opened with `O_PATH`. While it is open, no other socket can have the same identity.
struct HolderSocket: ~Copyable {
  let file: OpenFile
  let identity: SocketIdentity

  /// A path that leads to this socket, even if its name belongs to another file by now.
  var path: String { "/proc/self/fd/\(file.descriptor.rawValue)" }
}

/// A name for a held object: a letter or digit, then up to 30 letters, digits, `.`, `_`, `-`.
public struct HeldName: Hashable, Sendable, CustomStringConvertible {
  let text: String

  /// Creates a name. Returns `nil` if `text` is not a valid name.
  public init?(_ text: String) {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
      default: false
      }
    }
    guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 31,
      text.utf8.allSatisfy({ isAlphanumeric($0) || "._-".utf8.contains($0) })
    else { return nil }
    self.text = text
  }

  /// The name.
  public var description: String { text }
}

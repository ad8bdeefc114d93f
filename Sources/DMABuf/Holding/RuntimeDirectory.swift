internal import CDMABuf
import Glibc
import SystemPackage

/// The directory of a user's holders' sockets. Nobody else can look into it or put anything there: it
/// is the user's, has mode 0700, and is not reached through a link.
struct RuntimeDirectory: ~Copyable {
  let path: String
  private let directory: Directory

  /// Opens the directory after looking at it closely; makes it first if `creating`.
  ///
  /// Throws `ENOENT` when there is none, `EPERM` when it is not the user's alone, `ENOTDIR` or `ELOOP`
  /// when it is no directory.
  init(creating: Bool) throws(KernelError) {
    path = Self.path
    directory = try Self.open(path, creating: creating)
  }

  private static func open(_ path: String, creating: Bool) throws(KernelError) -> Directory {
    if creating, unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw KernelError("mkdir", on: path) }
    let file = try OpenFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    let status = try file.status()
    guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw KernelError("open", on: path, errno: .notPermitted)
    }
    return Directory(file)
  }

  /// `$XDG_RUNTIME_DIR/dmabuf`; for root without one `/run/dmabuf`; else `/tmp/dmabuf-UID`.
  static var path: String {
    if let variable = unsafe getenv("XDG_RUNTIME_DIR") {
      let parent = unsafe String(cString: variable)
      var status = stat()
      // Another user's directory (`sudo -E`) is not ours to put anything into.
      if parent.hasPrefix("/"), unsafe stat(parent, &status) == 0, status.st_uid == geteuid() {
        return parent + "/dmabuf"
      }
    }
    return geteuid() == 0 ? "/run/dmabuf" : "/tmp/dmabuf-\(geteuid())"
  }

  var descriptor: CInt { directory.descriptor }

  /// A path to a socket by way of the open directory: what was looked at is what is used, and the path
  /// is short enough for a socket's address.
  func socketPath(_ name: HeldName) -> String { "/proc/self/fd/\(directory.descriptor)/\(name)" }

  /// What is there by that name: nothing, a socket of the user's, or something else.
  func contains(_ name: HeldName) throws(KernelError) -> Bool {
    var status = stat()
    guard unsafe fstatat(directory.descriptor, name.text, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return false }
      throw KernelError("fstatat", on: path + "/\(name)")
    }
    guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
      throw KernelError("connect", on: path + "/\(name)", errno: .notSocket)
    }
    return true
  }

  func remove(_ name: HeldName) { _ = unsafe unlinkat(directory.descriptor, name.text, 0) }

  /// All names that sockets here may have, sorted; which of them are alive is another question.
  func names() throws(KernelError) -> [HeldName] {
    try directory.names().compactMap { HeldName($0) }.sorted { $0.text < $1.text }
  }

  /// Runs `body` while no other process takes or replaces a name.
  func locked<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let number = unsafe openat(
      directory.descriptor, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw KernelError("openat", on: path + "/.lock") }
    let lock = OwnedDescriptor(owning: number)
    let descriptor = lock.rawValue
    _ = try Interruption.restarting("flock", on: path + "/.lock", deadline: Deadline(after: .seconds(10))) {
      flock(descriptor, LOCK_EX)
    }
    return try body()
  }
}

/// A name under which something is held: a letter or digit, then up to 30 letters, digits, `.`, `_`, `-`.
public struct HeldName: Hashable, Sendable, CustomStringConvertible {
  let text: String

  /// `nil` if `text` cannot be a name.
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

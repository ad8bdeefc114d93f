// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
import Glibc
import SystemPackage

/// A user's file that is replaced as a whole, or keeps its old contents.
///
/// The new contents are written into a temporary file in the same directory, with the old file's owner and mode.
/// ``commit()`` renames it. A pipe or device is opened when the first byte is written. A regular file that cannot be
/// replaced is also opened then, and emptied. Such a file is in a directory that this user may not write to, has an
/// owner that the new file cannot have, has several names, is a mount point, or is open as a standard stream of this
/// process.
package final class OutputFile {
  /// The name that the user typed.
  package let name: String
  private let path: FilePath
  private let replacement: Replacement?
  private var written: OpenFile?

  /// Follows links and creates the temporary file. The existing file is not changed.
  /// Throws `EACCES` when the file may not be written. In directories that everybody may write to, also throws `EACCES`
  /// for links, files and pipes of other users, as the kernel does with `fs.protected_symlinks` and similar settings.
  package init(_ name: String) throws(KernelError) {
    self.name = name
    let given = unsafe name.withSystemBytes { unsafe FilePath(platformString: $0) }
    path = given
    do throws(Errno) {
      let target = try Self.followingLinks(given)
      if let status = try Self.status(given) {
        if status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory }
        replacement = status.st_mode & S_IFMT == S_IFREG ? try Self.replacement(of: target, at: given) : nil
      } else {
        if name.utf8.last == UInt8(ascii: "/") { throw .isDirectory }
        replacement = try Replacement.make(at: target, permissions: 0o666)
      }
    } catch {
      throw KernelError(.open, on: name, errno: error)
    }
  }

  /// Appends all of `bytes`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(KernelError) {
    if let replacement { return try unsafe replacement.file.write(bytes) }
    if written == nil { written = try OpenFile(name, O_WRONLY | O_TRUNC | O_NOCTTY) }
    try unsafe written?.write(bytes)
  }

  /// Appends all of `bytes`. The bytes are copied first, so there should be few.
  package func write(_ bytes: some Collection<UInt8>) throws(KernelError) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { unsafe copy.deallocate() }
    unsafe copy.copyBytes(from: bytes)
    try unsafe write(UnsafeRawBufferPointer(copy))
  }

  /// Replaces the old contents with the new ones.
  ///
  /// Throws ``Interrupted`` when the process was asked to end, unless the contents are complete all the same. The old
  /// contents stay then, and after any other error.
  package func commit(evenIfInterrupted isComplete: Bool = false) throws {
    guard let replacement else { return }
    if !isComplete { try Interruption.check() }
    guard replacement.close() else { throw KernelError(.close, on: name) }
    guard replacement.rename() else { throw KernelError(.rename, on: name) }
  }
}

// MARK: Links

extension OutputFile {
  /// The path that the links at the end of `path` lead to. The target may be missing.
  private static func followingLinks(_ path: FilePath) throws(Errno) -> FilePath {
    var path = path
    for _ in 0..<40 {
      guard let status = try status(path, flags: AT_SYMLINK_NOFOLLOW) else { return path }
      try refuseForeign(status, in: parent(of: path))
      guard status.st_mode & S_IFMT == S_IFLNK else { return path }
      var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let length = unsafe path.withPlatformString { unsafe readlink($0, &target, target.count - 1) }
      guard length >= 0 else { throw Errno(rawValue: errno) }
      path = parent(of: path).pushing(FilePath(platformString: target))
    }
    throw .tooManySymbolicLinkLevels
  }

  /// Throws for a file that another user has put into a directory that everybody may write to.
  private static func refuseForeign(_ status: stat, in directory: FilePath) throws(Errno) {
    guard let parent = try self.status(directory), parent.st_mode & (S_ISVTX | S_IWOTH) == S_ISVTX | S_IWOTH else {
      return
    }
    if status.st_uid != geteuid(), status.st_uid != parent.st_uid { throw .permissionDenied }
  }

  private static func parent(of path: FilePath) -> FilePath {
    let parent = path.removingLastComponent()
    return parent.isEmpty ? "." : parent
  }

  /// The status of a file; `nil` when the file does not exist.
  private static func status(_ path: FilePath, flags: CInt = 0) throws(Errno) -> stat? {
    var result = stat()
    if unsafe path.withPlatformString({ unsafe fstatat(AT_FDCWD, $0, &result, flags) }) == 0 { return result }
    let reason = Errno(rawValue: errno)
    if reason == .noSuchFileOrDirectory { return nil }
    throw reason
  }
}

// MARK: Replacing

extension OutputFile {
  /// Creates a temporary file that can replace the regular file; `nil` if the file itself has to be written.
  private static func replacement(of target: FilePath, at given: FilePath) throws(Errno) -> Replacement? {
    // A file that may not be written must not be replaced either.
    let number = unsafe given.withPlatformString { unsafe open($0, O_WRONLY | O_CLOEXEC | O_NONBLOCK) }
    guard number >= 0 else { throw Errno(rawValue: errno) }
    let file = OwnedDescriptor(owning: number)
    var old = stat()
    guard unsafe fstat(file.rawValue, &old) == 0 else { throw Errno(rawValue: errno) }
    // Links in /proc lead to other files than their text says.
    guard old.st_nlink == 1, let named = try status(target, flags: AT_SYMLINK_NOFOLLOW), isSame(old, named),
      let directory = try status(parent(of: target)), directory.st_dev == old.st_dev,
      ![STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO].contains(where: { isOpen(old, as: $0) })
    else { return nil }
    do throws(Errno) {
      let replacement = try Replacement.make(at: target, permissions: 0o600)
      return replacement.takeOver(old) ? replacement : nil
    } catch {
      guard error == .permissionDenied || error == .notPermitted else { throw error }
      return nil
    }
  }

  private static func isSame(_ one: stat, _ other: stat) -> Bool {
    one.st_dev == other.st_dev && one.st_ino == other.st_ino
  }

  private static func isOpen(_ status: stat, as descriptor: CInt) -> Bool {
    var other = stat()
    return unsafe fstat(descriptor, &other) == 0 && isSame(status, other)
  }
}

/// A temporary file that can replace another one in its directory. It is removed unless it has replaced the file.
private final class Replacement {
  let file: OpenFile
  private let directory: OwnedDescriptor
  private let temporary: FilePath
  private let final: FilePath
  private var isInPlace = false

  private init(
    _ file: consuming OpenFile, in directory: consuming OwnedDescriptor, named temporary: FilePath,
    for final: FilePath
  ) {
    self.file = file
    self.directory = directory
    self.temporary = temporary
    self.final = final
  }

  deinit {
    if !isInPlace { _ = unsafe temporary.withPlatformString { unsafe unlinkat(directory.rawValue, $0, 0) } }
  }

  static func make(at target: FilePath, permissions: mode_t) throws(Errno) -> Replacement {
    guard let last = target.lastComponent, last.kind == .regular else { throw .isDirectory }
    let parent = target.removingLastComponent()
    let path: FilePath = parent.isEmpty ? "." : parent
    // O_PATH: a directory that may be searched need not be readable.
    let number = unsafe path.withPlatformString { unsafe open($0, CDMABUF_O_PATH | O_DIRECTORY | O_CLOEXEC) }
    guard number >= 0 else { throw Errno(rawValue: errno) }
    let directory = OwnedDescriptor(owning: number)
    let (file, name) = try create(in: number, permissions)
    return Replacement(
      OpenFile(OwnedDescriptor(owning: file), name: target.string), in: directory, named: name,
      for: FilePath(root: nil, [last]))
  }

  private static func create(in directory: CInt, _ permissions: mode_t) throws(Errno) -> (CInt, FilePath) {
    while true {
      let name = FilePath(".dmabuf-" + String(UInt64.random(in: .min ... .max), radix: 16))
      let file = unsafe name.withPlatformString {
        unsafe openat(directory, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions)
      }
      if file >= 0 { return (file, name) }
      let reason = Errno(rawValue: errno)
      guard reason == .fileExists || reason == .interrupted else { throw reason }
    }
  }

  /// Sets the old file's owner and mode. Returns `false` if that is not possible.
  func takeOver(_ old: stat) -> Bool {
    let descriptor = file.descriptor.rawValue
    var new = stat()
    guard unsafe fstat(descriptor, &new) == 0 else { return false }
    if new.st_uid != old.st_uid || new.st_gid != old.st_gid, fchown(descriptor, old.st_uid, old.st_gid) != 0 {
      return false
    }
    return fchmod(descriptor, old.st_mode & 0o777) == 0
  }

  /// Closes a duplicate: some file systems report a lack of space only then.
  func close() -> Bool {
    let copy = cdmabuf_fcntl(file.descriptor.rawValue, F_DUPFD_CLOEXEC, 0)
    return copy >= 0 && Glibc.close(copy) == 0
  }

  func rename() -> Bool {
    isInPlace =
      unsafe temporary.withPlatformString { old in
        unsafe final.withPlatformString { unsafe renameat(directory.rawValue, old, directory.rawValue, $0) }
      } == 0
    return isInPlace
  }
}

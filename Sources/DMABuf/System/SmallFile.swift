// SPDX-License-Identifier: MIT
import Glibc
import SystemPackage

/// Reads whole small files of /proc, /sys and debugfs.
public enum SmallFile {
  /// All bytes of the file. Throws ``FormatError`` when the file has more than `limit` bytes. Throws ``Interrupted``
  /// once the process was asked to end, so loops over many files need no check of their own.
  public static func read(_ path: String, limit: Int = 16 << 20) throws -> [UInt8] {
    try read(OpenFile(path, O_RDONLY), limit: limit)
  }

  /// Reads a file in an open directory, which stays the same even if the directory's path changes.
  package static func read(_ name: String, in directory: borrowing Directory, limit: Int = 16 << 20) throws -> [UInt8]
  {
    try read(OpenFile(name, in: directory, O_RDONLY), limit: limit)
  }

  private static func read(_ file: consuming OpenFile, limit: Int) throws -> [UInt8] {
    try Interruption.check()
    var result: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    defer { unsafe chunk.deallocate() }
    while true {
      let count = try unsafe file.read(into: chunk)
      if count == 0 { return result }
      guard result.count + count <= limit else { throw FormatError(file.name, .tooLong) }
      unsafe result += chunk[..<count]
    }
  }

  /// The file's text without the newline at its end; `nil` when the file cannot be read.
  public static func text(_ path: String) -> String? {
    guard let bytes = try? read(path) else { return nil }
    let end = bytes.last == UInt8(ascii: "\n") ? bytes.count - 1 : bytes.count
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  /// The number that the file consists of; `nil` for any other text.
  public static func number(_ path: String) -> UInt64? { text(path).flatMap { UInt64($0) } }
}

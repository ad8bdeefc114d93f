// SPDX-License-Identifier: MIT
internal import CDMABuf
public import DMABuf
import Glibc

/// What debugfs lists about a DRM device: the processes that have it open, and the creators of framebuffers. Only root
/// can read debugfs.
public struct DisplayDebugFiles: Sendable {
  /// A process that has the device open.
  public struct Client: Equatable, Sendable {
    /// The command name.
    public let command: UntrustedText
    /// The process id in this pid namespace; 0 for a process of another one.
    public let pid: Int32
    /// Whether the process is DRM master.
    public let isMaster: Bool
  }

  private let folder: String

  /// The files of a node below `root`.
  public init(of node: borrowing DRMNode, root: String = "") throws(KernelError) {
    let minor = try cdmabuf_device(node.file.status().st_rdev) & 0xffff_ffff
    self.init(minor: UInt32(minor), root: root)
  }

  init(minor: UInt32, root: String) { folder = "\(root)/sys/kernel/debug/dri/\(minor)" }

  /// The processes that have the device open. Throws ``KernelError`` when the file cannot be read.
  public func clients() throws -> [Client] { try Self.clients(parsing: SmallFile.read(folder + "/clients")) }

  /// The command name of the process that created each framebuffer. Throws ``KernelError`` when the file cannot be
  /// read.
  public func creators() throws -> [UInt32: UntrustedText] {
    try Self.creators(parsing: SmallFile.read(folder + "/framebuffer"))
  }

  /// The number of bytes of a command name, without its NUL (`TASK_COMM_LEN`).
  private static let longestCommand = 15

  /// Parses `clients`: a heading, then `%20s %5d %3d   %c    %c …` for each process. The command name may have any
  /// bytes, newlines included, and is found by its width.
  static func clients(parsing text: [UInt8]) -> [Client] {
    let width = 20
    var clients: [Client] = []
    guard let heading = text.firstIndex(of: UInt8(ascii: "\n")) else { return [] }
    var rest = text[(heading + 1)...]
    while rest.count > width {
      let command = rest.prefix(width).drop { $0 == UInt8(ascii: " ") }
      rest = rest.dropFirst(width)
      let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
      let words = String(decoding: rest[..<end], as: UTF8.self).split(scalar: " ")
      rest = rest[min(end + 1, rest.endIndex)...]
      guard words.count >= 3, let pid = Int32(words[0]) else { continue }
      clients.append(Client(command: UntrustedText(command), pid: pid, isMaster: words[2] == "y"))
    }
    return clients
  }

  /// Parses `framebuffer`: `framebuffer[ID]:`, then tab and `allocated by = COMMAND`, then tab and `refcount=N` in the
  /// next line. A command name is too short to contain the first two.
  static func creators(parsing text: [UInt8]) -> [UInt32: UntrustedText] {
    let (start, middle) = (Array("framebuffer[".utf8), Array("]:\n\tallocated by = ".utf8))
    let end = Array("\n\trefcount=".utf8)
    var creators: [UInt32: UntrustedText] = [:]
    var rest = text[...]
    while let found = rest.firstRange(of: start) {
      rest = rest[found.upperBound...]
      let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      guard let id = UInt32(String(decoding: digits, as: UTF8.self)),
        rest.dropFirst(digits.count).starts(with: middle)
      else { continue }
      rest = rest.dropFirst(digits.count + middle.count)
      // The name itself may contain the text that follows it.
      let length = (0...longestCommand).last { rest.dropFirst($0).starts(with: end) }
      guard let length else { continue }
      creators[id] = UntrustedText(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return creators
  }
}

// SPDX-License-Identifier: MIT
/// The fields of a dma-buf in `/proc/PID/fdinfo/FD`.
///
/// Corresponds to `dma_buf_show_fdinfo` in `drivers/dma-buf/dma-buf.c`.
public struct DescriptorInformation: Equatable, Sendable {
  /// `O_ACCMODE` and status flags of the open file, and `O_CLOEXEC` of the descriptor.
  public var flags: UInt32 = 0
  /// Inode number, unique among the dma-bufs of a boot; `nil` before Linux 5.14.
  public var inode: UInt64?
  /// Size in bytes.
  public var size: UInt64 = 0
  /// The reference count of the open file: descriptors, mappings, importers, armed polls.
  public var count: UInt64 = 0
  /// The exporter: a heap's name, `udmabuf`, `drm`, …
  public var exporter = UntrustedText([])
  /// The buffer's name; `nil` when no name was ever set.
  public var name: UntrustedText?

  /// Parses the text of an fdinfo file. Returns `nil` when the file does not belong to a dma-buf.
  ///
  /// The name comes last and may contain any bytes, including lines that look like other fields. Everything after the
  /// first `name:` is the name.
  public init?(parsing text: some Collection<UInt8>) {
    var rest = text[...]
    var keys: Set<String> = []
    while !rest.isEmpty {
      if rest.starts(with: "name:\t".utf8) {
        guard keys.contains("exp_name") else { return nil }
        rest = rest.dropFirst("name:\t".utf8.count)
        name = UntrustedText(Array(rest).last == UInt8(ascii: "\n") ? Array(rest.dropLast(1)) : Array(rest))
        break
      }
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest[line.endIndex...].dropFirst()
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
      let key = String(decoding: line[..<colon], as: UTF8.self)
      let value = line[line.index(after: colon)...].drop { $0 == UInt8(ascii: "\t") }
      keys.insert(key)
      let digits = String(decoding: value, as: UTF8.self)
      switch key {
      case "flags": flags = UInt32(digits, radix: 8) ?? 0
      case "ino": inode = UInt64(digits)
      case "size":
        guard let number = UInt64(digits) else { return nil }
        size = number
      case "count":
        guard let number = UInt64(digits) else { return nil }
        count = number
      case "exp_name": exporter = UntrustedText(value)
      default: break
      }
    }
    guard keys.isSuperset(of: ["size", "count", "exp_name"]) else { return nil }
  }
}

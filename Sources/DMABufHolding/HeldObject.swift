// SPDX-License-Identifier: MIT
public import DMABuf

/// A held object, as its holder describes it.
public struct HeldObject: Equatable, Sendable {
  /// The kind of a held object.
  public enum Kind: String, Sendable {
    /// A dma-buf.
    case buffer
    /// A sync_file.
    case syncFile = "sync_file"
    /// A syncobj of DRM.
    case syncObject = "syncobj"
    /// A buffer together with the descriptors that keep a device attached to it.
    case attachment
  }

  /// The name under which the object is held.
  public let name: HeldName
  /// The kind of the object.
  public let kind: Kind
  /// Inode number of the buffer.
  public let inode: UInt64?
  /// Size of the buffer in bytes.
  public let size: UInt64?
  /// The holder's process.
  public let pid: Int32
  /// The time at which the holder started, in nanoseconds of ``Clock``.
  public let began: UInt64
  /// A description of the companions, such as `vgem handle 1`.
  public let attached: String?
  /// The layout of the image in the buffer, as text without commas. The holder knows nothing of images.
  public let image: String?
  /// The buffer's exporter.
  public let exporter: UntrustedText?
  /// The action on the first companion that signals the sync_file; `nil` for all objects except test fences.
  public let trigger: FenceTrigger?
  let socket: SocketIdentity?

  static let longestDescription = 4096
  /// The longest part of a text that is kept, in bytes.
  private static let longestText = 256
  private static let exporterKey = Array(",exp_name=".utf8)

  /// Formats `KEY=VALUE`, separated by commas. The exporter comes last, because it may contain any byte except NUL.
  static func description(
    kind: Kind, inode: UInt64?, size: UInt64?, attached: String, exporter: UntrustedText?,
    trigger: FenceTrigger? = nil, image: String? = nil
  ) -> [UInt8] {
    var parts = ["version=\(HolderRequest.ownVersion)", "kind=\(kind.rawValue)", "began=\(Clock.now)"]
    if let inode { parts.append("ino=\(inode)") }
    if let size { parts.append("size=\(size)") }
    if let trigger { parts.append("trigger=\(trigger)") }
    for (key, value) in [("image", image ?? ""), ("attached", attached)] where !value.isEmpty {
      let text = value.utf8.filter { $0 != UInt8(ascii: ",") && $0 != 0 }.prefix(longestText)
      parts.append("\(key)=" + String(decoding: text, as: UTF8.self))
    }
    let exporter = (exporter?.bytes ?? []).filter { $0 != 0 }.prefix(longestText)
    return Array(parts.joined(separator: ",").utf8) + exporterKey + exporter
  }

  /// Parses the fields before the exporter by key. Returns `nil` if the bytes are not a description.
  private static func values(_ bytes: [UInt8]) -> (values: [String: String], exporter: ArraySlice<UInt8>)? {
    guard let marker = bytes.firstRange(of: exporterKey) else { return nil }
    var values: [String: String] = [:]
    for part in bytes[..<marker.lowerBound].split(separator: UInt8(ascii: ",")) {
      let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1)
      guard pair.count == 2 else { return nil }
      values[String(decoding: pair[0], as: UTF8.self)] = String(decoding: pair[1], as: UTF8.self)
    }
    return (values, bytes[marker.upperBound...])
  }

  /// The version of the holder's protocol; 0 before there were versions, `nil` if the bytes are not a description.
  static func version(_ bytes: [UInt8]) -> Int? {
    guard let values = values(bytes)?.values else { return nil }
    return values["version"].map { Int($0) ?? .max } ?? 0
  }

  /// Parses the bytes of ``description``. Returns `nil` for any other bytes.
  init?(name: HeldName, pid: Int32, decoding bytes: [UInt8], from socket: SocketIdentity? = nil) {
    guard let (values, exporter) = Self.values(bytes),
      let kind = values["kind"].flatMap({ Kind(rawValue: $0) }), let began = values["began"].flatMap({ UInt64($0) })
    else { return nil }
    self.name = name
    self.socket = socket
    self.kind = kind
    self.pid = pid
    self.began = began
    inode = values["ino"].flatMap { UInt64($0) }
    size = values["size"].flatMap { UInt64($0) }
    attached = values["attached"]
    image = values["image"]
    trigger = values["trigger"].flatMap { FenceTrigger($0) }
    self.exporter = exporter.isEmpty ? nil : UntrustedText(exporter)
  }
}

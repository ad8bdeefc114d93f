/// What is kept by a holder, as the holder tells it.
public struct HeldObject: Equatable, Sendable {
  /// What kind of thing a name stands for.
  public enum Kind: String, Sendable {
    /// A dma-buf.
    case buffer
    /// A sync_file.
    case syncFile = "sync_file"
    /// A syncobj of DRM.
    case syncObject = "syncobj"
    /// A buffer together with what keeps a device attached to it.
    case attachment
  }

  /// The name it is held under.
  public let name: HeldName
  /// What it is.
  public let kind: Kind
  /// Inode number of the buffer.
  public let inode: UInt64?
  /// Size of the buffer in bytes.
  public let size: UInt64?
  /// The holder's process.
  public let pid: Int32
  /// When it began, in nanoseconds of ``Clock``.
  public let began: UInt64
  /// What else is kept with it, in the words of who attached it: `vgem handle 1`.
  public let attached: String?
  /// The buffer's exporter.
  public let exporter: UntrustedText?
  /// How its first companion makes the sync_file signal; `nil` for all but test fences.
  public let trigger: FenceTrigger?

  /// The longest description in bytes.
  static let longestDescription = 4096

  /// `KEY=VALUE`, separated by commas; the exporter, whose bytes may be anything, comes last.
  static func description(
    kind: Kind, inode: UInt64?, size: UInt64?, attached: String, exporter: UntrustedText?,
    trigger: FenceTrigger? = nil
  ) -> String {
    var parts = ["kind=\(kind.rawValue)", "began=\(Clock.now)"]
    if let inode { parts.append("ino=\(inode)") }
    if let size { parts.append("size=\(size)") }
    if let trigger { parts.append("trigger=\(trigger)") }
    if !attached.isEmpty { parts.append("attached=\(attached.filter { $0 != "," }.prefix(256))") }
    return parts.joined(separator: ",") + ",exp_name=\(exporter?.string.prefix(256) ?? "")"
  }

  /// Reads what ``description`` has written; `nil` for anything else.
  init?(name: HeldName, pid: Int32, decoding bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let marker = text.firstRange(of: ",exp_name=") else { return nil }
    let exporter = text[marker.upperBound...]
    var values: [Substring: Substring] = [:]
    for part in text[..<marker.lowerBound].split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { return nil }
      values[pair[0]] = pair[1]
    }
    guard let kind = values["kind"].flatMap({ Kind(rawValue: String($0)) }),
      let began = values["began"].flatMap({ UInt64($0) })
    else { return nil }
    self.name = name
    self.kind = kind
    self.pid = pid
    self.began = began
    inode = values["ino"].flatMap { UInt64($0) }
    size = values["size"].flatMap { UInt64($0) }
    attached = values["attached"].map(String.init)
    trigger = values["trigger"].flatMap { FenceTrigger(String($0)) }
    self.exporter = exporter.isEmpty ? nil : UntrustedText(exporter.utf8)
  }
}

// SPDX-License-Identifier: MIT
/// Four characters that name a pixel format in DRM and in V4L2. The two subsystems use different names for some
/// formats.
public struct FourCC: RawRepresentable, Hashable, Sendable {
  /// The characters from the lowest byte up. The top bit marks big-endian formats.
  public let rawValue: UInt32

  /// Creates a code from the kernel's number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Parses one to four printable ASCII characters, padded with spaces. Returns `nil` for any other text.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard 1...4 ~= bytes.count, bytes.allSatisfy({ 0x20...0x7e ~= $0 }) else { return nil }
    rawValue = (bytes + [0x20, 0x20, 0x20]).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

extension FourCC: CustomStringConvertible {
  /// The characters without trailing spaces, followed by `-BE` for a big-endian format.
  public var description: String {
    var bytes = (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (8 * $0)) }
    let isBigEndian = bytes[3] & 0x80 != 0
    bytes[3] &= 0x7f
    while bytes.last == 0x20 { bytes.removeLast() }
    return UntrustedText(bytes).escaped + (isBigEndian ? "-BE" : "")
  }
}

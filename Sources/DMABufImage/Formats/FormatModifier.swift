// SPDX-License-Identifier: MIT
import DMABuf

/// A format modifier: how a device arranges or compresses the pixels of a plane.
///
/// Corresponds to the modifiers of `drm_fourcc.h`.
public struct FormatModifier: RawRepresentable, Hashable, Sendable {
  /// The vendor in the highest byte, and the vendor's number.
  public let rawValue: UInt64

  /// Creates a modifier from the kernel's number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Lines of pixels, one after the other.
  public static let linear = FormatModifier(rawValue: 0)
  /// No modifier: the driver chooses the arrangement.
  public static let invalid = FormatModifier(rawValue: (1 << 56) - 1)

  /// The name in `drm_fourcc.h` without its vendor, such as `X_TILED`. `nil` for an unknown modifier.
  public var name: String? { DRMNode.name(ofModifier: rawValue) }

  /// Parses a name as libdrm prints it, in upper or lower case, or a number, such as `0x100000000000001`. Returns
  /// `nil` for other text. Names with parameters are known only if the parameters are in the lowest byte. A name
  /// that two vendors use, such as `TILED`, is none.
  public init?(_ text: some StringProtocol) {
    let word = text.lowercased()
    let number = word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    guard let rawValue = number ?? Self.named[word] else { return nil }
    self.rawValue = rawValue
  }

  /// The modifiers that libdrm names, by their names in lower case. Libdrm has no list of them.
  private static let named: [String: UInt64] = {
    let numbers = [invalid.rawValue] + (0...0x0f).flatMap { vendor in (0...0xff).map { UInt64(vendor) << 56 | $0 } }
    let names = numbers.compactMap { number in DRMNode.name(ofModifier: number).map { ($0.lowercased(), number) } }
    return Dictionary(grouping: names, by: \.0).compactMapValues { $0.count == 1 ? $0[0].1 : nil }
  }()
}

extension FormatModifier: CustomStringConvertible {
  /// The name, or the number in hexadecimal.
  public var description: String { name ?? "0x" + String(rawValue, radix: 16) }
}

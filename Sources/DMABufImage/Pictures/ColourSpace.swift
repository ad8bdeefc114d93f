// SPDX-License-Identifier: MIT
/// How luminance and chrominance become red, green and blue.
///
/// Corresponds to `enum v4l2_ycbcr_encoding` and `enum v4l2_quantization`. The transfer function and the primaries
/// remain as they are.
public struct ColourSpace: Hashable, Sendable {
  /// The weights of red, green and blue in the luminance.
  public enum Encoding: String, CaseIterable, Sendable {
    /// ITU-R BT.601, of standard definition.
    case bt601 = "601"
    /// ITU-R BT.709, of high definition.
    case bt709 = "709"
    /// ITU-R BT.2020 with non-constant luminance, of ultra-high definition.
    case bt2020 = "2020"
  }

  /// The values between black and white.
  public enum Range: String, CaseIterable, Sendable {
    /// 16 to 235, and to 240 for chrominance, if samples have 8 bits.
    case limited
    /// All values.
    case full
  }

  /// The encoding.
  public let encoding: Encoding
  /// The range.
  public let range: Range

  /// Creates a colour space.
  public init(_ encoding: Encoding, _ range: Range) { (self.encoding, self.range) = (encoding, range) }

  /// The default of V4L2 for an image: full range for RGB and grey. For YUV, limited range with BT.709 from 1280 by 720
  /// pixels up (one side is enough), and with BT.601 below.
  ///
  /// Corresponds to `V4L2_MAP_COLORSPACE_DEFAULT`, `V4L2_MAP_YCBCR_ENC_DEFAULT` and `V4L2_MAP_QUANTIZATION_DEFAULT`.
  public init(defaultFor layout: ImageLayout) {
    let isHigh = layout.width >= 1280 || layout.height >= 720
    self.init(isHigh ? .bt709 : .bt601, layout.format.isYUV ? .limited : .full)
  }
}

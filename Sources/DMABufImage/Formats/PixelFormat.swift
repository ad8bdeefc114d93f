// SPDX-License-Identifier: MIT
public import DMABuf

/// A pixel format of DRM or V4L2, and the layout of its planes.
///
/// Corresponds to `drm_fourcc.h` and `videodev2.h`. A code may have one meaning in DRM and another in V4L2: `RG16` is
/// 5:6:5 RGB in DRM, and 16-bit Bayer samples in V4L2. The name of V4L2's meaning then ends in `-V4L2`.
public struct PixelFormat: Sendable {
  /// One of the values of a pixel.
  public enum Channel: Character, CaseIterable, Sendable {
    /// Luminance.
    case y = "Y"
    /// Blue chrominance, Cb.
    case u = "U"
    /// Red chrominance, Cr.
    case v = "V"
    /// Red, or the only channel of the format.
    case r = "R"
    /// Green.
    case g = "G"
    /// Blue.
    case b = "B"
    /// Alpha.
    case a = "A"
    /// The index of a colour in a palette, which is not in the buffer.
    case index = "C"
    /// The inverse of brightness.
    case darkness = "D"
    /// A sample of a sensor behind a Bayer filter.
    case sample = "S"
  }

  /// A channel within the blocks of a plane.
  struct Component: Hashable, Sendable {
    let channel: Channel
    /// Bits of a sample.
    let bits: Int
    /// Whether samples are binary floating-point numbers of 16 or 32 bits.
    let isFloat: Bool
    /// The lowest bit of each sample of a block, line by line.
    var positions: [Int]
    /// Pixels that a sample covers.
    var width = 1
    var height = 1
  }

  /// A plane. It consists of lines of blocks: the smallest whole bytes that hold whole pixels.
  public struct Plane: Hashable, Sendable {
    /// Bytes of a block.
    public let bytes: Int
    /// Pixels of the image that a block covers, horizontally. 1 for `XR24`, 2 for the chroma of `NV12`.
    public let width: Int
    /// Pixels of the image that a block covers, vertically.
    public let height: Int
    let components: [Component]
  }

  /// The fourcc as text, such as `NV12`, `RG16-BE` or `RG16-V4L2`.
  public let name: String
  /// The code of the kernel.
  public let code: FourCC
  /// The planes in their order. Empty if the size of an image is unknown.
  public let planes: [Plane]
  /// The DRM format with the same pixels. `nil` if DRM has none.
  public let drmCode: FourCC?
  /// Whether V4L2 has each plane in a buffer of its own, as for `NM12`.
  public let hasSeparateBuffers: Bool
  /// Whether the positions of the pixels are unknown, because the format is compressed or tiled.
  public let isOpaque: Bool
  /// Whether the bytes of a block are in reverse order.
  let isBigEndian: Bool

  /// The code of the same pixels in V4L2, all planes in one buffer. `nil` if V4L2 has none.
  public var v4l2Code: FourCC? {
    guard let drmCode, !Self.sharedCodes.contains("\(drmCode)") else { return drmCode ?? code }
    return Self.v4l2Formats.names.lazy.compactMap { FourCC($0) }.first {
      Self.v4l2Formats["\($0)"]?.hasSeparateBuffers == false && PixelFormat(v4l2: $0)?.drmCode == drmCode
    }
  }

  /// Bits per pixel, all planes together. `nil` if unknown.
  public var bitsPerPixel: Double? {
    planes.isEmpty ? nil : planes.reduce(0) { $0 + Double($1.bytes * 8) / Double($1.width * $1.height) }
  }

  /// Pixels that share one chrominance sample, horizontally and vertically. 2 and 2 for `NV12`.
  public var subsampling: (horizontal: Int, vertical: Int) {
    let chroma = component(.u) ?? component(.v)
    return (chroma?.width ?? 1, chroma?.height ?? 1)
  }

  /// Whether colours are luminance and chrominance.
  public var isYUV: Bool { component(.u) != nil }

  /// Whether pixels have alpha.
  public var hasAlpha: Bool { component(.a) != nil }

  /// The channels of a pixel.
  public var channels: [Channel] { Channel.allCases.filter { component($0) != nil } }

  func component(_ channel: Channel) -> Component? {
    for plane in planes { if let found = plane.components.first(where: { $0.channel == channel }) { return found } }
    return nil
  }
}

extension PixelFormat: Hashable {
  /// Names are unique.
  public static func == (left: PixelFormat, right: PixelFormat) -> Bool { left.name == right.name }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension PixelFormat: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

// MARK: - Look-up

extension PixelFormat {
  private static let bigEndian: UInt32 = 1 << 31
  private static let bigEndianSuffix = "-BE"
  private static let videoSuffix = "-V4L2"

  /// All formats that are known, those of DRM first.
  public static let all: [PixelFormat] =
    drmFormats.names.compactMap { FourCC($0).flatMap { PixelFormat(drm: $0) } }
    + v4l2Formats.names.compactMap { FourCC($0).flatMap { PixelFormat(v4l2: $0) } }.filter {
      $0.drmCode != $0.code
    }

  /// Finds a format by its code in DRM, or in V4L2 if DRM has no such code. Returns `nil` if the code is unknown.
  public init?(_ fourcc: FourCC) {
    guard let found = PixelFormat(drm: fourcc) ?? PixelFormat(v4l2: fourcc) else { return nil }
    self = found
  }

  /// Finds a format by its code in V4L2, or in DRM if V4L2 has no such code. Returns `nil` if the code is unknown.
  public init?(v4l2 fourcc: FourCC) {
    let code = FourCC(rawValue: fourcc.rawValue & ~Self.bigEndian)
    guard let line = Self.v4l2Formats["\(code)"] else {
      guard let found = PixelFormat(drm: fourcc) else { return nil }
      self = found
      return
    }
    if let other = line.same {
      let isSwapped = (fourcc != code) != line.isSwapped
      let drm = FourCC(rawValue: other.rawValue | (isSwapped ? Self.bigEndian : 0))
      guard let same = PixelFormat(drm: drm) else { return nil }
      self.init(same, code: fourcc, hasSeparateBuffers: line.hasSeparateBuffers)
    } else {
      let isShared = Self.drmFormats["\(code)"] != nil
      self.init(line, code: fourcc, suffix: isShared ? Self.videoSuffix : "", drmCode: nil)
    }
  }

  /// Finds a format by its name: a code of DRM or V4L2, with `-BE` for a big-endian format and `-V4L2` for V4L2's
  /// meaning of the code. Returns `nil` if the name is unknown.
  public init?(name: some StringProtocol) {
    var text = String(name)
    let isVideo = text.hasSuffix(Self.videoSuffix)
    if isVideo { text.removeLast(Self.videoSuffix.count) }
    let isBigEndian = text.hasSuffix(Self.bigEndianSuffix)
    if isBigEndian { text.removeLast(Self.bigEndianSuffix.count) }
    guard let plain = FourCC(text) else { return nil }
    let code = FourCC(rawValue: plain.rawValue | (isBigEndian ? Self.bigEndian : 0))
    guard let found = isVideo ? PixelFormat(v4l2: code) : PixelFormat(code) else { return nil }
    self = found
  }

  private init?(drm fourcc: FourCC) {
    let code = FourCC(rawValue: fourcc.rawValue & ~Self.bigEndian)
    guard let line = Self.drmFormats["\(code)"] else { return nil }
    self.init(line, code: fourcc, suffix: "", drmCode: fourcc)
  }

  /// The same pixels under another code.
  private init(_ format: PixelFormat, code: FourCC, hasSeparateBuffers: Bool) {
    name = "\(code)"
    self.code = code
    planes = format.planes
    drmCode = format.code
    self.hasSeparateBuffers = hasSeparateBuffers
    isOpaque = format.isOpaque
    isBigEndian = format.isBigEndian
  }

  private init?(_ line: FormatTable.Line, code: FourCC, suffix: String, drmCode: FourCC?) {
    let isFlagged = code.rawValue & Self.bigEndian != 0
    // The flag has a meaning only for a block that is one word.
    guard !isFlagged || line.isOpaque || line.planes.count == 1 && [2, 4, 8].contains(line.planes[0].bytes) else {
      return nil
    }
    name = "\(code)" + suffix
    self.code = code
    planes = line.planes
    self.drmCode = drmCode
    hasSeparateBuffers = line.hasSeparateBuffers
    isOpaque = line.isOpaque
    isBigEndian = isFlagged != line.isSwapped
  }
}

// SPDX-License-Identifier: MIT
/// Why an image cannot be read or written.
public enum PictureError: Error, Equatable, Sendable {
  /// The positions of the pixels are unknown.
  case opaque(PixelFormat)
  /// The image is not linear.
  case notLinear(FormatModifier)
  /// The buffer ends before the image.
  case tooShort(bytes: Int, needed: Int)
  /// The picture has too many pixels.
  case tooLarge(width: Int, height: Int)
  /// The part is not within the picture.
  case notInside(width: Int, height: Int)
  /// The format has no such channel.
  case noChannel(PixelFormat.Channel, of: PixelFormat)
  /// YUV4MPEG2 has no such format.
  case notInStream(PixelFormat)
  /// The pictures have different sizes.
  case otherSize(width: Int, height: Int, otherWidth: Int, otherHeight: Int)
  /// Libpng refused the picture, for the reason that it reports.
  case encoder(String)
}

extension PictureError: CustomStringConvertible {
  /// One sentence without a full stop.
  public var description: String {
    switch self {
    case .opaque(let format): "the format \(format) does not specify the positions of pixels"
    case .notLinear(let modifier): "the modifier \(modifier) is not linear"
    case .tooShort(let bytes, let needed): "the buffer has \(bytes) bytes, and the image needs \(needed)"
    case .tooLarge(let width, let height):
      "a picture of \(width)x\(height) pixels is larger than \(Picture.largestCount) pixels"
    case .notInside(let width, let height): "the part is not inside the picture of \(width)x\(height) pixels"
    case .noChannel(let channel, let format): "the format \(format) has no channel \(channel.rawValue)"
    case .notInStream(let format): "YUV4MPEG2 has no format like \(format)"
    case .otherSize(let width, let height, let otherWidth, let otherHeight):
      "one picture has \(width)x\(height) pixels, and the other \(otherWidth)x\(otherHeight)"
    case .encoder(let reason): "libpng: \(reason)"
    }
  }
}

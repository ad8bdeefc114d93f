// SPDX-License-Identifier: MIT
/// Why the layout of an image is impossible.
public enum ImageLayoutError: Error, Equatable, Sendable {
  /// The width or the height is not positive.
  case noPixels
  /// The size of an image in this format is unknown.
  case unknownSize(PixelFormat)
  /// A multiple is not positive.
  case noAlignment
  /// The number of strides, offsets or planes is not the number of the format's planes.
  case count(of: String, Int, planes: Int)
  /// A stride is less than the bytes of a line.
  case shortStride(plane: Int, Int, line: Int)
  /// The size of a plane is less than the bytes of its lines.
  case shortPlane(plane: Int, Int, used: Int)
  /// A plane begins before the buffer.
  case negativeOffset(plane: Int)
  /// Two planes have bytes in common.
  case overlap(Int, Int)
  /// The size does not fit in 63 bits.
  case tooLarge
}

extension ImageLayoutError: CustomStringConvertible {
  /// One sentence without a full stop.
  public var description: String {
    switch self {
    case .noPixels: "the width and the height must be at least 1"
    case .unknownSize(let format): "the size of an image in the format \(format) is unknown"
    case .noAlignment: "an alignment must be at least 1"
    case .count(let what, let count, 1): "the format has 1 plane, not \(count) \(what)"
    case .count(let what, let count, let planes): "the format has \(planes) planes, not \(count) \(what)"
    case .shortStride(let plane, let stride, let line):
      "the stride of plane \(plane) is \(stride) bytes, less than the \(line) bytes of a line"
    case .shortPlane(let plane, let size, let used):
      "plane \(plane) has \(size) bytes, less than the \(used) bytes of its lines"
    case .negativeOffset(let plane): "the offset of plane \(plane) is negative"
    case .overlap(let first, let second): "plane \(first) and plane \(second) overlap"
    case .tooLarge: "the image is larger than 2^63 bytes"
    }
  }
}

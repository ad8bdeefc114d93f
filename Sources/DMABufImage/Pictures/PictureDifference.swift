// SPDX-License-Identifier: MIT
internal import Glibc

/// How two pictures of the same size differ.
public struct PictureDifference: Equatable, Sendable {
  /// A pixel that differs.
  public struct Pixel: Equatable, Sendable {
    /// The column, from 0 on the left.
    public let x: Int
    /// The line, from 0 at the top.
    public let y: Int
    /// Red, green, blue and alpha in one picture.
    public let value: SIMD4<UInt8>
    /// The same in the other picture.
    public let other: SIMD4<UInt8>
  }

  /// Pixels with a channel that differs by more than the tolerance.
  public let count: Int
  /// All pixels of a picture.
  public let total: Int
  /// The largest difference of a channel.
  public let largest: Int
  /// The first of the counted pixels, line by line. `nil` if there is none.
  public let first: Pixel?
  /// The peak signal-to-noise ratio of red, green and blue together, in dB. Infinite if all are equal.
  public let psnr: Double
  /// The differences of red, green and blue, as a picture.
  public let picture: Picture

  /// Compares two pictures. `tolerance` is the largest difference of a channel that is not counted. Alpha counts if one
  /// of the pictures has it. Throws ``PictureError/otherSize(width:height:otherWidth:otherHeight:)``.
  public init(_ left: Picture, _ right: Picture, tolerance: Int = 0) throws(PictureError) {
    guard (left.width, left.height) == (right.width, right.height) else {
      throw .otherSize(
        width: left.width, height: left.height, otherWidth: right.width, otherHeight: right.height)
    }
    var (count, largest, squares) = (0, 0, UInt64(0))
    var first: Pixel?
    let channels = left.hasAlpha || right.hasAlpha ? 4 : 3
    var bytes = [UInt8](repeating: 255, count: left.pixels.count)
    for index in 0..<left.width * left.height {
      var most = 0
      for channel in 0..<channels {
        let at = 4 * index + channel
        let distance = abs(Int(left.pixels[at]) - Int(right.pixels[at]))
        most = max(most, distance)
        if channel < 3 {
          squares += UInt64(distance * distance)
          bytes[at] = UInt8(distance)
        }
      }
      largest = max(largest, most)
      guard most > tolerance else { continue }
      count += 1
      if first == nil {
        first = Pixel(
          x: index % left.width, y: index / left.width, value: left.pixel(index), other: right.pixel(index))
      }
    }
    (self.count, self.largest, self.first) = (count, largest, first)
    total = left.width * left.height
    psnr = squares == 0 ? .infinity : 10 * log10(255 * 255 * 3 * Double(total) / Double(squares))
    picture = Picture(left.width, left.height, bytes, false)
  }
}

extension Picture {
  /// Red, green, blue and alpha of a pixel, counted line by line.
  fileprivate func pixel(_ index: Int) -> SIMD4<UInt8> {
    SIMD4(pixels[4 * index], pixels[4 * index + 1], pixels[4 * index + 2], pixels[4 * index + 3])
  }
}

// SPDX-License-Identifier: MIT
/// A picture in memory: lines of pixels with 8 bits each of red, green, blue and alpha, in this order of bytes.
public struct Picture: Equatable, Sendable {
  /// The largest number of pixels: 16384 x 16384.
  public static let largestCount = 1 << 28

  /// Pixels of a line.
  public let width: Int
  /// Lines.
  public let height: Int
  /// The pixels, 4 bytes each, without gaps between lines. Alpha is straight: it does not scale the colours.
  public let pixels: [UInt8]
  /// Whether the source has alpha. Without, alpha is 255.
  public let hasAlpha: Bool

  /// Creates a picture. Returns `nil` if a side is not positive, or if the number of bytes is not that of the pixels.
  public init?(width: Int, height: Int, pixels: [UInt8], hasAlpha: Bool = false) {
    guard let bytes = try? Self.byteCount(width: width, height: height), bytes == pixels.count else { return nil }
    self.init(width, height, pixels, hasAlpha)
  }

  init(_ width: Int, _ height: Int, _ pixels: [UInt8], _ hasAlpha: Bool) {
    (self.width, self.height, self.pixels, self.hasAlpha) = (width, height, pixels, hasAlpha)
  }

  /// Reads an image from a buffer.
  ///
  /// `colours` is V4L2's default for the image if it is `nil`. With `channel`, pixels are the grey of one channel: see
  /// ``PixelReader``. Never reads outside `bytes`, which another process or a device may change at the same time.
  /// Throws ``PictureError``.
  public init(
    _ bytes: RawSpan, layout: ImageLayout, colours: ColourSpace? = nil, channel: PixelFormat.Channel? = nil
  ) throws(PictureError) {
    let colours = colours ?? ColourSpace(defaultFor: layout)
    let reader = try PixelReader(layout, colours: colours, channel: channel)
    let count = try Self.byteCount(width: layout.width, height: layout.height)
    guard bytes.byteCount >= layout.leastSize else {
      throw .tooShort(bytes: bytes.byteCount, needed: layout.leastSize)
    }
    let common = channel == nil ? CommonReader(layout, colours) : nil
    let pixels = unsafe bytes.withUnsafeBytes { memory in
      unsafe [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
        initialized = count
        var scratch = PixelReader.Scratch(width: common == nil ? layout.width : 0)
        for line in 0..<layout.height {
          let start = line * layout.width * 4
          let row = unsafe UnsafeMutableBufferPointer(rebasing: pixels[start..<start + layout.width * 4])
          if let common {
            unsafe common.read(line: line, of: memory, into: row)
          } else {
            unsafe reader.read(line: line, of: memory, into: row, &scratch)
          }
        }
      }
    }
    self.init(layout.width, layout.height, pixels, layout.format.hasAlpha && channel == nil)
  }

  static func byteCount(width: Int, height: Int) throws(PictureError) -> Int {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, count <= largestCount else {
      throw .tooLarge(width: width, height: height)
    }
    return count * 4
  }

  /// The bytes of red, green and blue, without alpha.
  var colours: [UInt8] {
    let count = width * height
    return unsafe [UInt8](unsafeUninitializedCapacity: count * 3) { bytes, initialized in
      unsafe pixels.withUnsafeBufferPointer { pixels in
        for index in 0..<count {
          unsafe bytes[3 * index] = pixels[4 * index]
          unsafe bytes[3 * index + 1] = pixels[4 * index + 1]
          unsafe bytes[3 * index + 2] = pixels[4 * index + 2]
        }
      }
      initialized = count * 3
    }
  }
}

// SPDX-License-Identifier: MIT
/// Reads pixels of any linear format as RGBA, by the layout of its planes.
///
/// A result pixel has 8 bits each of red, green, blue and alpha, in this order of bytes. Alpha is as in the buffer, and
/// 255 without alpha. Chrominance samples are repeated, not interpolated. A lone channel, an index of a palette or a
/// sample of a sensor becomes grey. Floating-point numbers from 0 to 1 become 0 to 255, and others are clamped.
public struct PixelReader: Sendable {
  private let layout: ImageLayout
  private let conversion: Conversion
  private let sources: [SampleReader]

  /// Prepares reading. `channel` reads one channel as grey, without conversion of colours. Throws ``PictureError`` for
  /// a format that is opaque or has no such channel, and for a modifier that is not linear.
  public init(
    _ layout: ImageLayout, colours: ColourSpace, channel: PixelFormat.Channel? = nil
  ) throws(PictureError) {
    guard !layout.format.isOpaque else { throw .opaque(layout.format) }
    if let modifier = layout.modifier, !layout.isLinear { throw .notLinear(modifier) }
    self.layout = layout
    let colourChannels: [PixelFormat.Channel] = [.r, .g, .b, .a]
    if let channel {
      let isColour = layout.format.isYUV && colourChannels.prefix(3).contains(channel)
      guard isColour || layout.format.component(channel) != nil else { throw .noChannel(channel, of: layout.format) }
    }
    conversion = Conversion(layout.format, colours, channel: channel)
    sources = zip(layout.planes, layout.format.planes).flatMap { place, plane in
      plane.components.map { SampleReader($0, plane, place, of: layout, colours: colours) }
    }
  }

  /// Reads a line into `pixels`, which has 4 bytes for each pixel. Never reads outside `bytes`. Throws
  /// ``PictureError/tooShort(bytes:needed:)`` if `bytes` ends before the image. A line outside the image is
  /// ``PictureError/notInside(width:height:)``.
  public func read(line: Int, of bytes: RawSpan, into pixels: inout [UInt8]) throws(PictureError) {
    guard bytes.byteCount >= layout.leastSize else {
      throw .tooShort(bytes: bytes.byteCount, needed: layout.leastSize)
    }
    guard 0..<layout.height ~= line, pixels.count / 4 >= layout.width else {
      throw .notInside(width: layout.width, height: layout.height)
    }
    unsafe bytes.withUnsafeBytes { memory in
      unsafe pixels.withUnsafeMutableBufferPointer { row in
        unsafe read(line: line, of: memory, into: row, scratch: Scratch(width: layout.width))
      }
    }
  }

  /// Space for a line of each channel.
  struct Scratch {
    var lines: [[Float]]

    init(width: Int) {
      lines = Array(repeating: Array(repeating: 0, count: width), count: 4)
    }
  }
}

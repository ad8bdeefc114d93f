// SPDX-License-Identifier: MIT
/// Reads pixels of any linear format as RGBA, by the layout of its planes.
///
/// A pixel of the result has 8 bits each of red, green, blue and alpha, in this order of bytes. Alpha is as in the
/// buffer, or 255. Chrominance samples are repeated, not interpolated. A lone channel, an index of a palette or a
/// sample of a sensor becomes grey. Floating-point numbers from 0 to 1 become 0 to 255, and others are clamped.
public struct PixelReader: Sendable {
  private let layout: ImageLayout
  private let conversion: Conversion
  private let sources: [(reader: SampleReader, line: Int)]

  /// Prepares reading.
  ///
  /// With `channel`, each pixel is the grey of one channel. Luminance and chrominance are as in the buffer. Throws
  /// ``PictureError`` for an opaque format, for a modifier that is not linear, and for a channel that pixels lack.
  public init(
    _ layout: ImageLayout, colours: ColourSpace, channel: PixelFormat.Channel? = nil
  ) throws(PictureError) {
    let format = layout.format
    guard !format.isOpaque else { throw .opaque(format) }
    if let modifier = layout.modifier, !layout.isLinear { throw .notLinear(modifier) }
    if let channel, format.component(channel) == nil {
      guard format.isYUV, [.r, .g, .b].contains(channel) else { throw .noChannel(channel, of: format) }
    }
    self.layout = layout
    conversion = Conversion(format, colours, channel: channel)
    var sources: [(SampleReader, Int)] = []
    for (place, plane) in zip(layout.planes, format.planes) {
      for component in plane.components {
        guard let line = conversion.line(of: component.channel) else { continue }
        sources.append((SampleReader(component, plane, place, of: layout, range: colours.range), line))
      }
    }
    self.sources = sources
  }

  /// Reads a line into the first bytes of `pixels`, 4 for each pixel.
  ///
  /// Never reads outside `bytes`. Throws ``PictureError/tooShort(bytes:needed:)`` if `bytes` or `pixels` has too few
  /// bytes, and ``PictureError/notInside(width:height:)`` for a line that is not in the image.
  public func read(line: Int, of bytes: RawSpan, into pixels: inout [UInt8]) throws(PictureError) {
    guard bytes.byteCount >= layout.leastSize else {
      throw .tooShort(bytes: bytes.byteCount, needed: layout.leastSize)
    }
    guard pixels.count / 4 >= layout.width else { throw .tooShort(bytes: pixels.count, needed: layout.width * 4) }
    guard 0..<layout.height ~= line else { throw .notInside(width: layout.width, height: layout.height) }
    var scratch = Scratch(width: layout.width)
    unsafe bytes.withUnsafeBytes { memory in
      unsafe pixels.withUnsafeMutableBufferPointer { row in
        unsafe read(line: line, of: memory, into: row, &scratch)
      }
    }
  }

  /// A line of each channel.
  struct Scratch {
    var lines: [Float]

    init(width: Int) { lines = Array(repeating: 0, count: 4 * width) }
  }

  /// Reads a line. `memory` has the bytes of the layout, and `row` has 4 bytes for each pixel.
  @unsafe func read(
    line y: Int, of memory: UnsafeRawBufferPointer, into row: UnsafeMutableBufferPointer<UInt8>,
    _ scratch: inout Scratch
  ) {
    let width = layout.width
    unsafe scratch.lines.withUnsafeMutableBufferPointer { lines in
      for source in sources {
        let line = unsafe UnsafeMutableBufferPointer(rebasing: lines[source.line * width..<(source.line + 1) * width])
        unsafe source.reader.read(line: y, of: memory, into: line)
      }
      unsafe conversion.convert(UnsafeBufferPointer(lines), into: row, width: width)
    }
  }
}

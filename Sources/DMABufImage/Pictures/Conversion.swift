// SPDX-License-Identifier: MIT
/// Makes pixels of lines of channels.
struct Conversion: Sendable {
  private enum Colours: Sendable {
    case grey
    case rgb
    /// Factors: luminance; red, green and blue by chrominance.
    case yuv(y: Float, offset: Float, redV: Float, greenU: Float, greenV: Float, blueU: Float)
  }

  private let colours: Colours
  private let hasAlpha: Bool
  /// The channel that all colours become, by its place in a pixel.
  private let chosen: Int?
  /// The channel that is read alone. Chrominance has 128 added.
  private let alone: PixelFormat.Channel?

  init(_ format: PixelFormat, _ space: ColourSpace, channel: PixelFormat.Channel?) {
    switch channel {
    case .y, .u, .v: alone = channel
    default: alone = nil
    }
    chosen = channel.flatMap { [.r, .g, .b, .a].firstIndex(of: $0) }
    hasAlpha = format.hasAlpha && (channel == nil || channel == .a)
    let lone: Set<PixelFormat.Channel> = [.y, .r, .index, .darkness, .sample]
    let isLone = format.channels.allSatisfy { lone.contains($0) }
    if alone != nil || isLone {
      colours = .grey
    } else if format.isYUV {
      let (red, blue): (Float, Float) =
        switch space.encoding {
        case .bt601: (0.299, 0.114)
        case .bt709: (0.2126, 0.0722)
        case .bt2020: (0.2627, 0.0593)
        }
      let green = 1 - red - blue
      let isLimited = space.range == .limited
      let chroma: Float = isLimited ? 255 / 224 : 1
      let (redV, blueU) = (2 * (1 - red) * chroma, 2 * (1 - blue) * chroma)
      colours = .yuv(
        y: isLimited ? 255 / 219 : 1, offset: isLimited ? 16 : 0, redV: redV, greenU: blueU * blue / green,
        greenV: redV * red / green, blueU: blueU)
    } else {
      colours = .rgb
    }
  }

  /// The line for the samples of a channel, or `nil` if they have no effect.
  func line(of channel: PixelFormat.Channel) -> Int? {
    if let alone { return channel == alone ? 0 : nil }
    return switch channel {
    case .r, .y, .index, .darkness, .sample: 0
    case .g, .u: 1
    case .b, .v: 2
    case .a: hasAlpha ? 3 : nil
    }
  }

  /// Converts a line. `lines` has four lines of `width` values, and `row` has 4 bytes for each pixel.
  @unsafe func convert(_ lines: UnsafeBufferPointer<Float>, into row: UnsafeMutableBufferPointer<UInt8>, width: Int) {
    let shift: Float = alone == .u || alone == .v ? 128 : 0
    switch colours {
    case .grey:
      unsafe convert(lines, into: row, width: width) { first, _, _ in (first + shift, first + shift, first + shift) }
    case .rgb: unsafe convert(lines, into: row, width: width) { ($0, $1, $2) }
    case .yuv(let y, let offset, let redV, let greenU, let greenV, let blueU):
      unsafe convert(lines, into: row, width: width) { first, second, third in
        let luminance = (first - offset) * y
        return (luminance + redV * third, luminance - greenU * second - greenV * third, luminance + blueU * second)
      }
    }
  }

  /// Converts a line. `body` makes red, green and blue of three channels. It is a closure, so that each kind of colours
  /// has a loop of its own.
  @inline(__always)
  @unsafe private func convert(
    _ lines: UnsafeBufferPointer<Float>, into row: UnsafeMutableBufferPointer<UInt8>, width: Int,
    _ body: (Float, Float, Float) -> (Float, Float, Float)
  ) {
    for x in 0..<width {
      var (red, green, blue) = unsafe body(lines[x], lines[width + x], lines[2 * width + x])
      var alpha: Float = unsafe hasAlpha ? lines[3 * width + x] : 255
      if let chosen {
        let value = chosen == 0 ? red : chosen == 1 ? green : chosen == 2 ? blue : alpha
        (red, green, blue, alpha) = (value, value, value, 255)
      }
      unsafe row[4 * x] = Self.byte(red)
      unsafe row[4 * x + 1] = Self.byte(green)
      unsafe row[4 * x + 2] = Self.byte(blue)
      unsafe row[4 * x + 3] = Self.byte(alpha)
    }
  }

  /// The nearest byte. 0 for a value that is not a number.
  @inline(__always)
  private static func byte(_ value: Float) -> UInt8 {
    value > 0 ? value < 255 ? UInt8(truncatingIfNeeded: Int32(value + 0.5)) : 255 : 0
  }
}

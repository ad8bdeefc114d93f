// SPDX-License-Identifier: MIT
/// Reads the samples of a channel, line by line.
struct SampleReader: Sendable {
  let component: PixelFormat.Component
  private let plane: PixelFormat.Plane
  private let place: ImageLayout.Plane
  private let width: Int
  private let isBigEndian: Bool
  /// A sample becomes sample * scale + bias.
  private var scale: Float
  private var bias: Float = 0

  /// Colours and alpha become 0 to 255. Luminance and chrominance of YUV become values of 8 bits, chrominance from
  /// -128 to 127.
  init(
    _ component: PixelFormat.Component, _ plane: PixelFormat.Plane, _ place: ImageLayout.Plane,
    of layout: ImageLayout,
    range: ColourSpace.Range
  ) {
    (self.component, self.plane, self.place) = (component, plane, place)
    width = layout.width
    isBigEndian = layout.format.isBigEndian
    let largest = Float((UInt64(1) << UInt64(component.bits)) - 1)
    scale = component.isFloat ? 255 : 255 / largest
    switch (component.channel, range) {
    case (.a, _), (.index, _): break
    case (.darkness, _): (scale, bias) = (-scale, 255)
    case (.y, .full) where layout.format.isYUV: break
    case (.u, .full), (.v, .full): bias = -Float(UInt64(1) << UInt64(component.bits - 1)) * scale
    case (.u, .limited), (.v, .limited): (scale, bias) = (256 / (largest + 1), -128)
    case (.y, .limited) where layout.format.isYUV: scale = 256 / (largest + 1)
    case (_, .limited) where !component.isFloat:
      (scale, bias) = (256 / (largest + 1) * 255 / 219, -16 * 255 / 219)
    case (_, _): break
    }
  }

  /// Reads a line. `memory` has the bytes of the layout, and `line` has the width of the image.
  @unsafe func read(line y: Int, of memory: UnsafeRawBufferPointer, into line: UnsafeMutableBufferPointer<Float>) {
    let start = place.offset + y / plane.height * place.stride
    let perLine = plane.width / component.width
    let first = y % plane.height / component.height * perLine
    let positions = component.positions[first..<first + perLine]
    var x = 0
    var block = start
    if component.bits == 8, !component.isFloat, !isBigEndian, positions.allSatisfy({ $0 % 8 == 0 }) {
      while x < width {
        for position in positions where x < width {
          let value = unsafe Float(memory[block + position / 8]) * scale + bias
          unsafe repeated(value, at: &x, in: line)
        }
        block += plane.bytes
      }
    } else if positions.allSatisfy(isInTwoBytes) {
      let mask = UInt16(truncatingIfNeeded: 1 &<< component.bits &- 1)
      while x < width {
        for position in positions where x < width {
          let bits = unsafe memory.loadUnaligned(fromByteOffset: block + position / 8, as: UInt16.self)
          let value = Float(UInt16(littleEndian: bits) &>> UInt16(truncatingIfNeeded: position % 8) & mask)
          unsafe repeated(value * scale + bias, at: &x, in: line)
        }
        block += plane.bytes
      }
    } else {
      while x < width {
        for position in positions where x < width {
          unsafe repeated(value(unsafe sample(at: position, of: block, in: memory)), at: &x, in: line)
        }
        block += plane.bytes
      }
    }
  }

  /// Whether a sample lies in two bytes of its block, which can be read at once.
  private func isInTwoBytes(_ position: Int) -> Bool {
    !component.isFloat && !isBigEndian && position % 8 + component.bits <= 16 && position / 8 + 2 <= plane.bytes
  }

  @inline(__always)
  private func repeated(_ value: Float, at x: inout Int, in line: UnsafeMutableBufferPointer<Float>) {
    for _ in 0..<component.width where x < width {
      unsafe line[x] = value
      x += 1
    }
  }

  /// The bits of a sample.
  @inline(__always)
  private func sample(at position: Int, of block: Int, in memory: UnsafeRawBufferPointer) -> UInt32 {
    var index = (position + component.bits - 1) / 8
    var bits: UInt64 = 0
    while index >= position / 8 {
      bits = unsafe bits &<< 8 | UInt64(memory[block + (isBigEndian ? plane.bytes - 1 - index : index)])
      index -= 1
    }
    return UInt32(truncatingIfNeeded: bits &>> UInt64(position % 8) & (1 &<< UInt64(component.bits) - 1))
  }

  @inline(__always)
  private func value(_ bits: UInt32) -> Float {
    guard component.isFloat else { return Float(bits) * scale + bias }
    return (component.bits == 16 ? Self.half(bits) : Float(bitPattern: bits)) * scale
  }

  /// The value of a binary16 number. Not every processor has an instruction for it.
  static func half(_ bits: UInt32) -> Float {
    let exponent = bits >> 10 & 0x1f
    let fraction = bits & 0x3ff
    let magnitude: Float =
      switch exponent {
      case 0: Float(fraction) * 0x1p-24
      case 0x1f: fraction == 0 ? .infinity : .nan
      default: Float(bitPattern: (exponent + 112) << 23 | fraction << 13)
      }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}

// SPDX-License-Identifier: MIT
internal import CLibYUV

/// Reads the formats of most cameras, codecs and displays, faster than ``PixelReader``.
struct CommonReader {
  private enum Form {
    /// The lowest bits of red, green, blue and alpha in a word of 32 bits.
    case word(red: UInt32, green: UInt32, blue: UInt32, alpha: UInt32?)
    /// Blue in the lowest byte, or red.
    case bytes(startsBlue: Bool)
    /// Luminance, and a plane of both chrominances, in which each pair of pixels shares a sample.
    case semiPlanar(startsBlue: Bool)
    /// Three planes, in which one, or two pixels share a sample. The planes of U and V.
    case planar(u: Int, v: Int, isSubsampled: Bool)
  }

  private let layout: ImageLayout
  private let form: Form
  private let encoding: CInt
  private let isFull: Bool

  /// Returns `nil` for a format that is not common.
  init?(_ layout: ImageLayout, _ colours: ColourSpace) {
    let format = layout.format
    let planes = format.planes
    guard layout.width <= 1 << 24, !format.isBigEndian else { return nil }
    let components = planes.flatMap(\.components)
    guard components.allSatisfy({ $0.bits == 8 && $0.positions.count == 1 && $0.positions[0] % 8 == 0 }) else {
      return nil
    }
    func bit(_ channel: PixelFormat.Channel) -> UInt32? { format.component(channel).map { UInt32($0.positions[0]) } }
    let sharing = format.subsampling.horizontal
    if planes.count == 1, colours.range == .full, let red = bit(.r), let green = bit(.g), let blue = bit(.b) {
      switch planes[0].bytes {
      case 4: form = .word(red: red, green: green, blue: blue, alpha: bit(.a))
      case 3: form = .bytes(startsBlue: blue == 0)
      default: return nil
      }
    } else if planes.count == 2, sharing == 2, let u = bit(.u) {
      form = .semiPlanar(startsBlue: u == 0)
    } else if planes.count == 3, 1...2 ~= sharing, format.isYUV {
      let u = planes[1].components[0].channel == .u ? 1 : 2
      form = .planar(u: u, v: 3 - u, isSubsampled: sharing == 2)
    } else {
      return nil
    }
    self.layout = layout
    isFull = colours.range == .full
    encoding =
      switch colours.encoding {
      case .bt601: 601
      case .bt709: 709
      case .bt2020: 2020
      }
    if format.isYUV, unsafe clibyuv_constants(encoding, isFull) == nil { return nil }
  }

  /// Reads a line. `memory` has the bytes of the layout, and `row` has 4 bytes for each pixel.
  @unsafe func read(line: Int, of memory: UnsafeRawBufferPointer, into row: UnsafeMutableBufferPointer<UInt8>) {
    func start(_ plane: Int) -> UnsafePointer<UInt8>? {
      let place = layout.planes[plane]
      let offset = place.offset + line / layout.format.planes[plane].height * place.stride
      return unsafe memory.baseAddress?.advanced(by: offset).assumingMemoryBound(to: UInt8.self)
    }
    let (pixels, width, constants) = unsafe (
      row.baseAddress, CInt(layout.width), clibyuv_constants(encoding, isFull)
    )
    // Each call converts one line, so strides have no effect.
    switch form {
    case .word(let red, let green, let blue, let alpha):
      guard let words = unsafe UnsafeRawPointer(start(0)), let pixels = unsafe pixels else { return }
      let (alphaBit, opaque): (UInt32, UInt32) = alpha.map { ($0, 0) } ?? (0, 0xff00_0000)
      for x in 0..<layout.width {
        let word = unsafe UInt32(littleEndian: words.loadUnaligned(fromByteOffset: 4 * x, as: UInt32.self))
        let colours = word &>> red & 0xff | (word &>> green & 0xff) &<< 8 | (word &>> blue & 0xff) &<< 16
        let pixel = colours | (word &>> alphaBit & 0xff) &<< 24 | opaque
        unsafe UnsafeMutableRawPointer(pixels).storeBytes(
          of: pixel.littleEndian, toByteOffset: 4 * x, as: UInt32.self)
      }
    case .bytes(startsBlue: true): unsafe _ = RAWToARGB(start(0), 0, pixels, 0, width, 1)
    case .bytes(startsBlue: false): unsafe _ = RGB24ToARGB(start(0), 0, pixels, 0, width, 1)
    case .semiPlanar(startsBlue: true):
      unsafe _ = NV21ToARGBMatrix(start(0), 0, start(1), 0, pixels, 0, constants, width, 1)
    case .semiPlanar(startsBlue: false):
      unsafe _ = NV12ToARGBMatrix(start(0), 0, start(1), 0, pixels, 0, constants, width, 1)
    case .planar(let u, let v, isSubsampled: true):
      unsafe _ = I422ToARGBMatrix(start(0), 0, start(v), 0, start(u), 0, pixels, 0, constants, width, 1)
    case .planar(let u, let v, isSubsampled: false):
      unsafe _ = I444ToARGBMatrix(start(0), 0, start(v), 0, start(u), 0, pixels, 0, constants, width, 1)
    }
  }
}

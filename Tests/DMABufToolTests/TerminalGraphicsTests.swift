// SPDX-License-Identifier: MIT
import DMABufImage
import Foundation
import Testing

@testable import DMABufHost
@testable import DMABufTool

/// Pictures for terminals, read again by decoders that share nothing with the encoders.
@Suite("Graphics of terminals")
struct TerminalGraphicsTests {
  /// A picture of four bytes for each pixel, as computed from its place.
  static func picture(_ width: Int, _ height: Int, _ pixel: (Int, Int) -> [UInt8]) throws -> Picture {
    let pixels = (0..<height).flatMap { y in (0..<width).flatMap { x in pixel(x, y) } }
    return try #require(Picture(width: width, height: height, pixels: pixels))
  }

  /// Slopes of all channels.
  static func slopes(_ width: Int, _ height: Int) throws -> Picture {
    try picture(width, height) { x, y in
      [
        UInt8(x * 255 / max(1, width - 1)), UInt8(y * 255 / max(1, height - 1)),
        UInt8((x + y) * 255 / (width + height)), 255,
      ]
    }
  }

  static let corners: [[UInt8]] = [
    [0, 0, 0], [255, 0, 0], [0, 255, 0], [255, 255, 0], [0, 0, 255], [255, 255, 255],
  ]

  @Test(
    "A picture of few colours has these colours at each size",
    arguments: [(1, 1), (2, 6), (7, 13), (300, 12), (3, 5)],
    [8, 16, 256])
  func sixelPixels(_ size: (Int, Int), _ colours: Int) throws {
    let picture = try Self.picture(size.0, size.1) { x, y in Self.corners[(x / 5 + y) % 6] + [255] }
    let decoded = try #require(Sixels(SixelPicture(picture, colours: colours).encoded()))
    #expect(decoded.size == [size.0, size.1])
    #expect(decoded.pixels == (0..<size.0 * size.1).map { Array(picture.pixels[4 * $0..<4 * $0 + 3]) })
  }

  @Test("A picture of as many colours as the terminal has each of them, to a percent", arguments: [16, 256])
  func ownPalette(_ colours: Int) throws {
    let picture = try Self.picture(colours, 2) { x, _ in [UInt8(x), UInt8(255 - x), UInt8(x / 2), 255] }
    let decoded = try #require(Sixels(SixelPicture(picture, colours: colours).encoded()))
    #expect(decoded.palette.count == colours)
    #expect(decoded.pixels.count == 2 * colours)
    for (index, pixel) in decoded.pixels.enumerated() {
      for channel in 0..<3 {
        let (shown, meant) = try (Int(#require(pixel)[channel]), Int(picture.pixels[4 * index + channel]))
        #expect(abs(shown - meant) <= 2)
      }
    }
  }

  @Test("Black and white are not dithered", arguments: [8, 16, 64, 256])
  func extremes(_ colours: Int) throws {
    let slopes = try Self.slopes(64, 64)
    let lines = [UInt8](repeating: 0, count: 64 * 4) + [UInt8](repeating: 255, count: 64 * 4)
    let picture = try #require(Picture(width: 64, height: 66, pixels: lines + slopes.pixels))
    let decoded = try #require(Sixels(SixelPicture(picture, colours: colours).encoded()))
    #expect(decoded.pixels[..<64].allSatisfy { $0 == [0, 0, 0] })
    #expect(decoded.pixels[64..<128].allSatisfy { $0 == [255, 255, 255] })
  }

  @Test(
    "The mean of a few pixels of dithered colours is the mean of the picture",
    arguments: [(256, 3), (64, 4), (16, 16)])
  func dithering(_ colours: Int, _ tolerance: Int) throws {
    let picture = try Self.slopes(256, 128)
    let decoded = try #require(Sixels(SixelPicture(picture, colours: colours).encoded()))
    for (left, top) in [(0, 0), (64, 64), (128, 8), (240, 112)] {
      for channel in 0..<3 {
        let places = (0..<256).map { (top + $0 / 16) * 256 + left + $0 % 16 }
        let shown = places.reduce(0) { $0 + Int(decoded.pixels[$1]?[channel] ?? 0) } / 256
        let meant = places.reduce(0) { $0 + Int(picture.pixels[4 * $1 + channel]) } / 256
        #expect(abs(shown - meant) <= tolerance, "\(left) \(top) \(channel): \(shown), \(meant)")
      }
    }
  }

  @Test("A palette has no more colours than the terminal", arguments: [8, 12, 16, 63, 64, 255, 256, 1024])
  func palette(_ colours: Int) throws {
    let sixels = try #require(Sixels(SixelPicture(Self.slopes(64, 64), colours: colours).encoded()))
    #expect(8...min(256, colours) ~= sixels.palette.count)
  }

  @Test("Equal columns are counted")
  func runs() throws {
    let picture = try Self.picture(1000, 6) { _, _ in [255, 255, 255, 255] }
    #expect(String(decoding: SixelPicture(picture).encoded(), as: UTF8.self).hasSuffix("#0!1000~$\u{1b}\\"))
  }

  @Test("A picture in kitty's protocol is the PNG of the picture in chunks of at most 4096", arguments: [3, 200])
  func kitty(_ width: Int) throws {
    var numbers = SystemRandomNumberGenerator()
    let picture = try Self.picture(width, 50) { _, _ in
      (0..<4).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    }
    let space = TerminalSpace(size: (80, 24), pixels: (800, 480))
    let chunks = try Self.chunks(TerminalGraphics.kitty.encoded(picture, in: space))
    #expect(chunks.dropLast().allSatisfy { $0.payload.utf8.count == 4096 && $0.keys["m"] == "1" })
    #expect(
      chunks.last?.keys["m"] == "0" && chunks.allSatisfy { $0.payload.utf8.count <= 4096 && $0.keys["q"] == "2" })
    #expect(chunks[0].keys["a"] == "T" && chunks[0].keys["f"] == "100" && chunks[0].keys["c"] == nil)
    #expect(chunks.dropFirst().allSatisfy { Set($0.keys.keys) == ["m", "q"] })
    #expect(try Data(base64Encoded: chunks.map(\.payload).joined()) == Data(picture.png()))
  }

  @Test("A picture is reduced to the pixels of the terminal without its last row")
  func fitted() throws {
    let space = TerminalSpace(size: (40, 12), pixels: (400, 240))
    let sixels = try TerminalGraphics.sixel(colours: nil, largest: nil).encoded(Self.slopes(1600, 400), in: space)
    #expect(Sixels(sixels.dropLast())?.size == [400, 100])
    let limited = try TerminalGraphics.sixel(colours: nil, largest: .init(width: 1000, height: 100))
      .encoded(Self.slopes(200, 400), in: space)
    #expect(Sixels(limited.dropLast())?.size == [48, 96])
    let small = try TerminalGraphics.sixel(colours: nil, largest: nil).encoded(Self.slopes(5, 7), in: space)
    #expect(Sixels(small.dropLast())?.size == [5, 7])
  }

  @Test(
    "Without a size in pixels, kitty scales the picture to cells of 1:2", arguments: [nil, (3, 2)] as [(Int, Int)?])
  func estimated(_ pixels: (width: Int, height: Int)?) throws {
    let space = TerminalSpace(size: (40, 12), pixels: pixels)
    let keys = try Self.chunks(TerminalGraphics.kitty.encoded(Self.slopes(800, 200), in: space))[0].keys
    #expect(keys["c"] == "40" && keys["r"] == "5")
    let tiny = try Self.chunks(TerminalGraphics.kitty.encoded(Self.slopes(1, 1), in: space))[0].keys
    #expect(tiny["c"] == "1" && tiny["r"] == "1")
  }

  @Test("A terminal of any size shows a picture", arguments: [(1, 1), (65535, 65535), (1, 65535), (80, 1)])
  func anySize(_ size: (Int, Int)) throws {
    for pixels in [nil, (65535, 65535), size] as [(Int, Int)?] {
      let space = TerminalSpace(size: size, pixels: pixels)
      for graphics in [TerminalGraphics.kitty, .sixel(colours: 1, largest: .init(width: 1, height: 1))] {
        #expect(try !graphics.encoded(Self.slopes(30, 20), in: space).isEmpty)
      }
    }
  }

  /// The control data and the payload of each command of kitty's protocol. Text between them is one newline at the end.
  static func chunks(_ bytes: [UInt8]) throws -> [(keys: [String: String], payload: String)] {
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasSuffix("\u{1b}\\\n"))
    return try text.dropLast(3).components(separatedBy: "\u{1b}\\").map { command in
      let parts = command.components(separatedBy: ";")
      try #require(parts.count == 2 && parts[0].hasPrefix("\u{1b}_G"))
      let pairs = parts[0].dropFirst(3).split(separator: ",").map { $0.split(separator: "=").map(String.init) }
      return (Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) }), parts[1])
    }
  }
}

/// A sixel picture as a terminal reads it, by the rules of the VT340's manual.
private struct Sixels {
  var size: [Int] = []
  var palette: [Int: [UInt8]] = [:]
  /// Red, green and blue of each pixel, line by line.
  var pixels: [[UInt8]?] = []

  /// Returns `nil` for what a terminal would not read, or would draw outside the picture.
  init?(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("\u{1b}P0;1;0q"), text.hasSuffix("\u{1b}\\") else { return nil }
    var rest = text.dropFirst(8).dropLast(2)
    var (x, y, colour, count) = (0, 0, [UInt8](), 1)
    while let command = rest.popFirst() {
      let numbers = rest.prefix { $0.isNumber || $0 == ";" }.split(separator: ";").map { Int($0) ?? -1 }
      if "\"#!".contains(command) { rest = rest.drop { $0.isNumber || $0 == ";" } }
      switch command {
      case "\"":
        guard numbers.count == 4, numbers[0] == 1, numbers[1] == 1 else { return nil }
        size = Array(numbers[2...])
        pixels = Array(repeating: nil, count: size[0] * size[1])
      case "#" where numbers.count == 5 && numbers[1] == 2:
        palette[numbers[0]] = numbers[2...].map { UInt8(($0 * 255 + 50) / 100) }
      case "#":
        guard numbers.count == 1, let chosen = palette[numbers[0]] else { return nil }
        colour = chosen
      case "!": count = numbers[0]
      case "$": x = 0
      case "-": (x, y) = (0, y + 6)
      case "?"..."~":
        let bits = Int(command.asciiValue ?? 0) - 63
        for column in x..<x + count {
          for line in 0..<6 where bits >> line & 1 == 1 {
            guard column < size[0], y + line < size[1], pixels[(y + line) * size[0] + column] == nil else {
              return nil
            }
            pixels[(y + line) * size[0] + column] = colour
          }
        }
        (x, count) = (x + count, 1)
      default: return nil
      }
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import Foundation
import Testing

@testable import DMABufImage

@Suite("Pictures")
struct PictureTests {
  /// A picture with different values in all pixels.
  static func picture(_ width: Int, _ height: Int, hasAlpha: Bool = false) -> Picture {
    var numbers = Seeded(7)
    var pixels = numbers.bytes(width * height * 4)
    if !hasAlpha { for index in 0..<width * height { pixels[4 * index + 3] = 255 } }
    return Picture(width, height, pixels, hasAlpha)
  }

  static func grey(_ width: Int, _ height: Int, _ values: [UInt8]) -> Picture {
    Picture(width, height, values.flatMap { [$0, $0, $0, 255] }, false)
  }

  @Test("A picture has as many bytes as its pixels need")
  func byteCount() {
    #expect(Picture(width: 2, height: 1, pixels: [UInt8](repeating: 0, count: 8)) != nil)
    #expect(Picture(width: 2, height: 1, pixels: [UInt8](repeating: 0, count: 7)) == nil)
    #expect(
      Picture(width: 0, height: 1, pixels: []) == nil && Picture(width: -1, height: -1, pixels: [1, 2, 3, 4]) == nil)
    #expect(Picture(width: Int.max, height: 2, pixels: []) == nil)
  }

  @Test("An image of more pixels than a picture may have is refused")
  func tooLarge() throws {
    let layout = try ImageLayout(width: 1 << 15, height: 1 << 14, format: #require(PixelFormat(name: "R1")))
    #expect(throws: PictureError.tooLarge(width: 1 << 15, height: 1 << 14)) {
      try Picture(reading: [], layout: layout)
    }
  }

  @Test("A part has the pixels of its place")
  func cropped() throws {
    let part = try Self.grey(3, 2, [1, 2, 3, 4, 5, 6]).cropped(x: 1, y: 0, width: 2, height: 2)
    #expect(part == Self.grey(2, 2, [2, 3, 5, 6]))
  }

  @Test(
    "A part that is empty or not inside is refused",
    arguments: [
      (0, 0, 4, 1), (0, 0, 1, 3), (3, 0, 1, 1), (-1, 0, 1, 1), (0, 0, 0, 1), (1, 1, .max, 1), (.max, 0, 1, 1),
    ])
  func outside(_ x: Int, _ y: Int, _ width: Int, _ height: Int) {
    #expect(throws: PictureError.notInside(width: 3, height: 2)) {
      try Self.picture(3, 2).cropped(x: x, y: y, width: width, height: height)
    }
  }

  @Test("A smaller picture has the mean of the pixels that it replaces")
  func smaller() throws {
    #expect(
      try Self.grey(4, 2, [0, 10, 100, 200, 20, 30, 100, 200]).scaled(width: 2, height: 1)
        == Self.grey(2, 1, [15, 150]))
    #expect(try Self.grey(3, 1, [0, 100, 200]).scaled(width: 2, height: 1) == Self.grey(2, 1, [0, 150]))
  }

  @Test("A larger picture repeats pixels")
  func larger() throws {
    #expect(try Self.grey(2, 1, [1, 9]).scaled(width: 4, height: 2) == Self.grey(4, 2, [1, 1, 9, 9, 1, 1, 9, 9]))
  }

  @Test("A transparent pixel has no colour in a mean")
  func transparent() throws {
    let picture = Picture(2, 1, [200, 100, 50, 255, 255, 255, 255, 0], true)
    #expect(try picture.scaled(width: 1, height: 1).pixels == [200, 100, 50, 128])
  }

  @Test("A size without pixels is refused", arguments: [(0, 1), (1, -1), (Int.max, Int.max)])
  func noSize(_ width: Int, _ height: Int) {
    #expect(throws: PictureError.tooLarge(width: width, height: height)) {
      try Self.picture(3, 2).scaled(width: width, height: height)
    }
  }

  @Test("A PPM file has a header and the colours")
  func ppm() {
    #expect(Self.grey(2, 1, [7, 9]).ppm() == Array("P6\n2 1\n255\n".utf8) + [7, 7, 7, 9, 9, 9])
  }

  @Test("A stream has the planes of an image without padding and with U before V")
  func stream() throws {
    func frame(_ name: String, _ bytes: [UInt8], _ width: Int, _ height: Int, strides: [Int] = []) throws -> [UInt8] {
      let layout = try ImageLayout(
        width: width, height: height, format: #require(PixelFormat(name: name)), strides: strides)
      return try unsafe bytes.withUnsafeBytes { try unsafe YUV4MPEG2(layout).frame(RawSpan(_unsafeBytes: $0)) }
    }
    let header = Array("FRAME\n".utf8)
    #expect(try frame("NV12", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0], 3, 1) == header + [1, 2, 3, 4, 6, 5, 7])
    #expect(try frame("NV21", [1, 2, 9, 9], 2, 1) == header + [1, 2, 9, 9])
    #expect(try frame("YV12", [1, 2, 3, 4, 20, 10], 2, 2) == header + [1, 2, 3, 4, 10, 20])
    #expect(try frame("YUYV", [1, 10, 2, 20], 2, 1) == header + [1, 2, 10, 20])
    #expect(try frame("YUYV", [1, 10, 2, 20, 3, 30, 4, 40], 3, 1) == header + [1, 2, 3, 10, 30, 20, 40])
    #expect(try frame("GREY", [1, 2, 0, 0, 3, 4, 0, 0], 2, 2, strides: [4]) == header + [1, 2, 3, 4])
    #expect(try frame("AYUV", [30, 20, 10, 0], 1, 1) == header + [10, 20, 30])
  }

  @Test("The header of a stream has the size, the rate and the sampling")
  func streamHeader() throws {
    let layout = try ImageLayout(width: 1920, height: 1080, format: #require(PixelFormat(name: "NV16")))
    #expect(
      try String(decoding: YUV4MPEG2(layout, rate: (30000, 1001)).header, as: UTF8.self)
        == "YUV4MPEG2 W1920 H1080 F30000:1001 Ip A1:1 C422 XCOLORRANGE=LIMITED\n")
  }

  @Test("A stream refuses other formats", arguments: ["XR24", "P010", "YUV9", "YUYV-BE", "R8", "YU11"])
  func notInStream(_ name: String) throws {
    let format = try #require(PixelFormat(name: name))
    let layout = try ImageLayout(width: 4, height: 4, format: format)
    #expect(throws: PictureError.notInStream(format)) { try YUV4MPEG2(layout) }
  }

  @Test("Equal pictures have no differences")
  func equal() throws {
    let difference = try PictureDifference(Self.picture(5, 3), Self.picture(5, 3))
    #expect(
      difference.count == 0 && difference.first == nil && difference.psnr == .infinity && difference.total == 15)
    #expect(difference.picture == Self.grey(5, 3, [UInt8](repeating: 0, count: 15)))
  }

  @Test("A difference has the first pixel, the number of pixels, and the noise")
  func different() throws {
    let difference = try PictureDifference(Self.grey(2, 2, [1, 2, 3, 4]), Self.grey(2, 2, [1, 3, 3, 14]))
    #expect(difference.count == 2 && difference.largest == 10)
    #expect(
      difference.first
        == .init(x: 1, y: 0, value: SIMD4(2, 2, 2, 255), other: SIMD4(3, 3, 3, 255)))
    #expect(difference.picture == Self.grey(2, 2, [0, 1, 0, 10]))
    // Squares 1 and 100 over four pixels: 10 log10(255² · 4 / 101).
    #expect(abs(difference.psnr - 34.108) < 0.001)
  }

  @Test("Differences within the tolerance are not counted")
  func tolerance() throws {
    let difference = try PictureDifference(
      Self.grey(2, 2, [1, 2, 3, 4]), Self.grey(2, 2, [1, 3, 3, 14]), tolerance: 1)
    #expect(difference.count == 1 && difference.first?.y == 1)
  }

  @Test("Pictures of different sizes are not compared")
  func sizes() {
    #expect(throws: PictureError.otherSize(width: 2, height: 1, otherWidth: 1, otherHeight: 2)) {
      try PictureDifference(Self.picture(2, 1), Self.picture(1, 2))
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import Foundation
import Testing

@testable import DMABufImage

extension Picture {
  /// Reads an image from an array.
  init(
    reading bytes: [UInt8], layout: ImageLayout, colours: ColourSpace? = nil, channel: PixelFormat.Channel? = nil
  ) throws {
    self = try unsafe bytes.withUnsafeBytes {
      try unsafe Picture(RawSpan(_unsafeBytes: $0), layout: layout, colours: colours, channel: channel)
    }
  }
}

/// Pictures that ffmpeg encoded (scripts/pixels), 15x11 pixels each.
@Suite("Pixels")
struct PixelTests {
  static let folder = Checkout.fixtures.appendingPathComponent("pixels")
  static let (width, height) = (15, 11)

  static func bytes(_ name: String) -> [UInt8] {
    [UInt8]((try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data())
  }

  static let recorded = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter {
    $0 != "source.rgba"
  }.sorted()

  /// A recorded file: `NV12`, or `NV12.709.full`.
  struct Recording {
    let layout: ImageLayout
    let colours: ColourSpace
    let bytes: [UInt8]

    init(_ name: String) throws {
      let words = name.split(separator: ".")
      let format = try #require(PixelFormat(name: words[0]))
      layout = try ImageLayout(width: width, height: height, format: format)
      colours =
        words.count == 3
        ? try ColourSpace(#require(.init(rawValue: "\(words[1])")), #require(.init(rawValue: "\(words[2])")))
        : ColourSpace(defaultFor: layout)
      bytes = PixelTests.bytes(name)
    }

    var isGrey: Bool { layout.format.channels == [.y] || layout.format.channels == [.r] }

    /// How far a colour may be from the source. ffmpeg truncates to the bits of a format, so one step of them. YUV of
    /// 8 bits has steps of 219 or 224 for luminance and chrominance, which count up to twice in a colour. ffmpeg writes
    /// RGB of 10 bits by way of YUV.
    var tolerance: Int {
      let bits = layout.format.planes.flatMap(\.components).filter { $0.channel != .a }.map(\.bits).min() ?? 8
      if bits < 8 { return 255 / (1 << bits - 1) + 1 }
      return layout.format.isYUV && bits == 8 || bits == 10 && layout.format.channels.contains(.g) ? 3 : 1
    }
  }

  @Test("All recordings are found")
  func found() {
    #expect(Self.recorded.count > 75)
    #expect(Self.bytes("source.rgba").count == Self.width * Self.height * 4)
  }

  /// The largest difference from the source, for each pixel and channel.
  static func distance(_ pixels: [UInt8], _ recording: Recording) -> Int {
    let source = bytes("source.rgba")
    var largest = 0
    for index in 0..<width * height {
      var expected = Array(source[4 * index..<4 * index + 4])
      if recording.isGrey {
        let luminance = 0.299 * Double(expected[0]) + 0.587 * Double(expected[1]) + 0.114 * Double(expected[2])
        expected.replaceSubrange(0..<3, with: repeatElement(UInt8(luminance.rounded()), count: 3))
      }
      if !recording.layout.format.hasAlpha { expected[3] = 255 }
      for channel in 0..<4 { largest = max(largest, abs(Int(pixels[4 * index + channel]) - Int(expected[channel]))) }
    }
    return largest
  }

  @Test("A picture has the colours that ffmpeg encoded", arguments: recorded)
  func picture(_ name: String) throws {
    let recording = try Recording(name)
    #expect(recording.bytes.count == recording.layout.size)
    let picture = try Picture(reading: recording.bytes, layout: recording.layout, colours: recording.colours)
    #expect(Self.distance(picture.pixels, recording) <= recording.tolerance)
  }

  @Test("The table-driven reader reads the same colours", arguments: recorded)
  func reader(_ name: String) throws {
    let recording = try Recording(name)
    let reader = try PixelReader(recording.layout, colours: recording.colours)
    var pixels: [UInt8] = []
    var line = [UInt8](repeating: 0, count: Self.width * 4)
    for y in 0..<Self.height {
      try unsafe recording.bytes.withUnsafeBytes {
        try unsafe reader.read(line: y, of: RawSpan(_unsafeBytes: $0), into: &line)
      }
      pixels += line
    }
    #expect(Self.distance(pixels, recording) <= recording.tolerance)
  }

  @Test("Padding, offsets and the order of planes change no colour", arguments: recorded)
  func moved(_ name: String) throws {
    let recording = try Recording(name)
    let tight = recording.layout
    // The planes in reverse order, with odd gaps and padding that is not black.
    var offset = 7
    var planes: [ImageLayout.Plane] = []
    for plane in tight.planes.reversed() {
      let rows = plane.size / plane.stride
      planes.append(.init(offset: offset, stride: plane.stride + 5, size: (plane.stride + 5) * rows))
      offset += (plane.stride + 5) * rows + 3
    }
    planes.reverse()
    let layout = try ImageLayout(
      width: Self.width, height: Self.height, format: tight.format, modifier: nil, planes: planes)
    var bytes = [UInt8](repeating: 0x5a, count: layout.leastSize)
    for (from, to) in zip(tight.planes, planes) {
      for row in 0..<from.size / from.stride {
        let start = from.offset + row * from.stride
        let place = to.offset + row * to.stride
        bytes.replaceSubrange(place..<place + from.stride, with: recording.bytes[start..<start + from.stride])
      }
    }
    #expect(
      try Picture(reading: bytes, layout: layout, colours: recording.colours)
        == Picture(reading: recording.bytes, layout: tight, colours: recording.colours))
  }

  /// One pixel, or one block, of formats that ffmpeg does not write, computed by hand from drm_fourcc.h.
  struct Sample: Sendable {
    let format: String
    let bytes: [UInt8]
    var width = 1
    let pixels: [[UInt8]]
  }

  static let samples = [
    // Half floats: 1, 0.5, 0.25 and alpha 1, as A:R:G:B; then negative, infinite, not a number, and 2.
    Sample(format: "AR4H", bytes: [0, 0x34, 0, 0x38, 0, 0x3c, 0, 0x3c], pixels: [[255, 128, 64, 255]]),
    Sample(format: "AB4H", bytes: [0, 0xbc, 0, 0x7c, 0, 0x7e, 0, 0x40], pixels: [[0, 255, 0, 255]]),
    Sample(format: "XR4H", bytes: [0xff, 0x03, 0, 0x2c, 0, 0x3a, 0, 0], pixels: [[191, 16, 0, 255]]),
    Sample(format: "R  F", bytes: [0, 0, 0, 0x3f], pixels: [[128, 128, 128, 255]]),
    Sample(format: "GR F", bytes: [0, 0, 0x80, 0x3f, 0, 0, 0, 0], pixels: [[255, 0, 0, 255]]),
    // The first pixel is in the highest bits.
    Sample(
      format: "R1", bytes: [0b1010_0000], width: 4,
      pixels: [[255, 255, 255, 255], [0, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 255]]),
    Sample(
      format: "D2", bytes: [0b0001_1011], width: 4,
      pixels: [[255, 255, 255, 255], [170, 170, 170, 255], [85, 85, 85, 255], [0, 0, 0, 255]]),
    Sample(format: "C4", bytes: [0xf0], width: 2, pixels: [[255, 255, 255, 255], [0, 0, 0, 255]]),
    Sample(format: "RG88", bytes: [10, 20], pixels: [[20, 10, 0, 255]]),
    Sample(format: "RA12", bytes: [0x4f, 0x12], pixels: [[17, 34, 68, 255]]),
    Sample(format: "AB10", bytes: [0xc0, 0xff, 0, 0, 0xc0, 0x7f, 0xc0, 0xff], pixels: [[255, 0, 127, 255]]),
    Sample(format: "R5A8", bytes: [0xff, 0xff, 77], pixels: [[255, 255, 255, 77]]),
    // Limited range: 16 and 235, or as many with more bits. Without chrominance, U and V are 128.
    Sample(format: "AYUV", bytes: [128, 128, 235, 9], pixels: [[255, 255, 255, 9]]),
    Sample(format: "AYUV-V4L2", bytes: [9, 235, 128, 128], pixels: [[255, 255, 255, 9]]),
    Sample(format: "Y410", bytes: [0, 0xb2, 0x0e, 0xe0], pixels: [[255, 255, 255, 255]]),
    Sample(
      format: "Y210", bytes: [0, 0x10, 0, 0x80, 0, 0xeb, 0, 0x80], width: 2,
      pixels: [[0, 0, 0, 255], [255, 255, 255, 255]]),
    Sample(
      format: "NV15", bytes: [0x40, 0xb0, 0x0e, 0x30, 0x10, 0, 0x02, 0x08, 0x20, 0x80], width: 4,
      pixels: [[0, 0, 0, 255], [255, 255, 255, 255], [205, 205, 205, 255], [0, 0, 0, 255]]),
    // 10 bits in 4 bytes of high bits and one of low bits.
    Sample(
      format: "pRAA", bytes: [1, 2, 3, 4, 0xff], width: 4,
      pixels: [[1, 1, 1, 255], [2, 2, 2, 255], [3, 3, 3, 255], [4, 4, 4, 255]]),
    Sample(
      format: "Y10B", bytes: [0xff, 0xc0, 0, 0, 0], width: 2, pixels: [[255, 255, 255, 255], [0, 0, 0, 255]]),
    Sample(format: "BGRH-V4L2", bytes: [0xfc, 0, 0, 0], pixels: [[0, 0, 255, 255]]),
    Sample(format: "VYUY", bytes: [128, 16, 128, 235], width: 2, pixels: [[0, 0, 0, 255], [255, 255, 255, 255]]),
    Sample(format: "XR24-BE", bytes: [0, 1, 2, 3], pixels: [[1, 2, 3, 255]]),
  ]

  @Test("Formats that ffmpeg lacks are read as their definitions say", arguments: samples)
  func byHand(_ sample: Sample) throws {
    let format = try #require(PixelFormat(name: sample.format))
    let layout = try ImageLayout(width: sample.width, height: 1, format: format)
    #expect(layout.size == sample.bytes.count)
    let picture = try Picture(reading: sample.bytes, layout: layout)
    #expect(picture.pixels == sample.pixels.flatMap { $0 }, "\(sample.format)")
  }

  @Test("A tile of Y0L2 has four pixels, which share chrominance and have alpha of their own")
  func tile() throws {
    // A3:A2:Y3:Cr0:Y2:A1:A0:Y1:Cb0:Y0 with Y 64, 940, 64, 940, and alpha 1, 0, 0, 1.
    let high: UInt64 = 1 << 31 | 0 << 30 | 940 << 20 | 512 << 10 | 64
    let low: UInt64 = 0 << 31 | 1 << 30 | 940 << 20 | 512 << 10 | 64
    let word = high << 32 | low
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    let layout = try ImageLayout(width: 2, height: 2, format: #require(PixelFormat(name: "Y0L2")))
    let picture = try Picture(reading: bytes, layout: layout)
    #expect(picture.pixels == [0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 255, 255, 255, 255])
  }

  @Test("Every linear format is read without a byte more than the least size", arguments: PixelFormat.all)
  func every(_ format: PixelFormat) throws {
    guard !format.isOpaque else { return }
    for (width, height) in [(1, 1), (5, 3), (26, 2)] {
      let layout = try ImageLayout(width: width, height: height, format: format)
      let bytes = [UInt8](repeating: 0x80, count: layout.leastSize)
      #expect(try Picture(reading: bytes, layout: layout).pixels.count == width * height * 4)
      #expect(throws: PictureError.tooShort(bytes: bytes.count - 1, needed: bytes.count)) {
        try Picture(reading: Array(bytes.dropLast()), layout: layout)
      }
    }
  }

  @Test("A channel is its values in the buffer, as grey")
  func channels() throws {
    let recording = try Recording("NV12")
    func channel(_ channel: PixelFormat.Channel) throws -> [UInt8] {
      try Picture(reading: recording.bytes, layout: recording.layout, channel: channel).pixels
    }
    let luminance = try channel(.y)
    #expect((0..<165).allSatisfy { luminance[4 * $0] == recording.bytes[$0] && luminance[4 * $0 + 3] == 255 })
    let (u, v) = try (channel(.u), channel(.v))
    #expect(u[4 * 14] == recording.bytes[165 + 14] && v[4 * 14] == recording.bytes[165 + 15])
    let colours = try Picture(reading: recording.bytes, layout: recording.layout, colours: recording.colours)
    let red = try channel(.r)
    #expect((0..<165).allSatisfy { abs(Int(red[4 * $0]) - Int(colours.pixels[4 * $0])) <= 2 })
    #expect(throws: PictureError.noChannel(.a, of: recording.layout.format)) { try channel(.a) }
  }

  @Test("What has no positions of pixels is refused")
  func refused() throws {
    let opaque = try ImageLayout(width: 4, height: 4, format: #require(PixelFormat(name: "HSV3")))
    #expect(throws: PictureError.opaque(opaque.format)) {
      try Picture(reading: [UInt8](repeating: 0, count: 48), layout: opaque)
    }
    let tiled = FormatModifier(rawValue: 0x100_0000_0000_0001)
    let layout = try ImageLayout(
      width: 1, height: 1, format: #require(PixelFormat(name: "XR24")), modifier: tiled)
    #expect(throws: PictureError.notLinear(tiled)) { try Picture(reading: [0, 0, 0, 0], layout: layout) }
  }

  @Test("The default colours are BT.709 from 1280 pixels or 720 lines on, and full for RGB")
  func defaults() throws {
    func colours(_ name: String, _ width: Int, _ height: Int) throws -> ColourSpace {
      try ColourSpace(
        defaultFor: ImageLayout(width: width, height: height, format: #require(PixelFormat(name: name))))
    }
    #expect(try colours("NV12", 720, 576) == ColourSpace(.bt601, .limited))
    #expect(try colours("NV12", 1280, 720) == ColourSpace(.bt709, .limited))
    #expect(try colours("XR24", 640, 480).range == .full && colours("GREY", 640, 480).range == .full)
  }
}

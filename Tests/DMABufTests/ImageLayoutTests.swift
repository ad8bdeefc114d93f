// SPDX-License-Identifier: MIT
import Testing

@testable import DMABufImage

/// Strides, offsets and sizes, computed by hand from the definitions of the formats in drm_fourcc.h. For an odd side,
/// an incomplete group of subsampled pixels counts as a complete one.
@Suite("Image layouts")
struct ImageLayoutTests {
  struct Planes: Sendable {
    let fourccs: String
    /// Stride and rows of each plane.
    let planes: [(stride: Int, rows: Int)]
  }

  /// 1921x1081: 961 pairs of columns, 541 pairs of rows.
  static let odd = [
    Planes(
      fourccs: "XR24 AR24 XB24 AB24 RX24 RA24 BX24 BA24 XR30 AR30 XB30 AB30", planes: [(7684, 1081)]),
    Planes(fourccs: "RG24 BG24", planes: [(5763, 1081)]),
    Planes(fourccs: "RG16 BG16 R16", planes: [(3842, 1081)]),
    Planes(fourccs: "R8 GREY", planes: [(1921, 1081)]),
    Planes(fourccs: "YUYV YVYU UYVY VYUY", planes: [(3844, 1081)]),
    Planes(fourccs: "NV12 NV21", planes: [(1921, 1081), (1922, 541)]),
    Planes(fourccs: "NV16 NV61", planes: [(1921, 1081), (1922, 1081)]),
    Planes(fourccs: "NV24 NV42", planes: [(1921, 1081), (3842, 1081)]),
    Planes(fourccs: "NV15", planes: [(2405, 1081), (2405, 541)]),
    Planes(fourccs: "NV20", planes: [(2405, 1081), (2405, 1081)]),
    Planes(fourccs: "NV30", planes: [(2405, 1081), (4805, 1081)]),
    Planes(fourccs: "P030", planes: [(2564, 1081), (2568, 541)]),
    Planes(fourccs: "Y210 Y212 Y216", planes: [(7688, 1081)]),
    Planes(fourccs: "Y0L0 Y0L2 X0L0 X0L2", planes: [(7688, 541)]),
    Planes(fourccs: "R1 D1 C1", planes: [(241, 1081)]),
    Planes(fourccs: "pRAA Y10P", planes: [(2405, 1081)]),
    Planes(fourccs: "ip3r", planes: [(2464, 1081)]),
    Planes(fourccs: "YUV9", planes: [(1921, 1081), (481, 271), (481, 271)]),
    Planes(fourccs: "R5A8", planes: [(3842, 1081), (1921, 1081)]),
    Planes(fourccs: "AB8F", planes: [(30736, 1081)]),
    Planes(fourccs: "P010 P016", planes: [(3842, 1081), (3844, 541)]),
    Planes(fourccs: "YU12 YV12", planes: [(1921, 1081), (961, 541), (961, 541)]),
    Planes(fourccs: "YU16", planes: [(1921, 1081), (961, 1081), (961, 1081)]),
    Planes(fourccs: "YU24", planes: [(1921, 1081), (1921, 1081), (1921, 1081)]),
  ]

  static func format(_ name: some StringProtocol) throws -> PixelFormat { try #require(PixelFormat(name: name)) }

  static func layout(
    _ name: some StringProtocol, _ width: Int, _ height: Int, strides: [Int] = [], offsets: [Int] = [],
    alignment: ImageLayout.Alignment = .init(stride: 1)
  ) throws -> ImageLayout {
    try ImageLayout(
      width: width, height: height, format: format(name), strides: strides, offsets: offsets, alignment: alignment)
  }

  @Test("Strides of each format at 1921x1081", arguments: odd)
  func strides(_ expected: Planes) throws {
    for fourcc in expected.fourccs.split(separator: " ") {
      #expect(
        try Self.layout(fourcc, 1921, 1081).planes.map(\.stride) == expected.planes.map(\.stride), "\(fourcc)")
    }
  }

  @Test("Planes follow each other without gaps", arguments: odd)
  func offsets(_ expected: Planes) throws {
    var offset = 0
    let offsets = expected.planes.map { plane in
      defer { offset += plane.stride * plane.rows }
      return offset
    }
    for fourcc in expected.fourccs.split(separator: " ") {
      let layout = try Self.layout(fourcc, 1921, 1081)
      #expect(layout.planes.map(\.offset) == offsets && layout.size == offset, "\(fourcc)")
    }
  }

  @Test("The stride of plane 0 gives those of the other planes")
  func proportion() throws {
    #expect(try Self.layout("NV12", 1920, 1080, strides: [2048]).planes.map(\.stride) == [2048, 2048])
    #expect(try Self.layout("YU12", 1920, 1080, strides: [2048]).planes.map(\.stride) == [2048, 1024, 1024])
    #expect(try Self.layout("NV24", 1920, 1080, strides: [2048]).planes.map(\.stride) == [2048, 4096])
    #expect(try Self.layout("NV12", 1921, 1081, strides: [1923]).planes.map(\.stride) == [1923, 1923])
    #expect(try Self.layout("NV12", 1921, 1081, strides: [1921]).planes.map(\.stride) == [1921, 1922])
    #expect(try Self.layout("YU12", 1921, 1081, strides: [1923]).planes.map(\.stride) == [1923, 962, 962])
  }

  @Test("Each plane may have a stride and an offset of its own")
  func own() throws {
    let layout = try Self.layout("NV12", 64, 32, strides: [128, 256], offsets: [8192, 0])
    #expect(layout.planes.map(\.stride) == [128, 256] && layout.planes.map(\.offset) == [8192, 0])
    #expect(layout.size == 8192 + 128 * 32 && layout.leastSize == 8192 + 128 * 31 + 64)
  }

  @Test("The first offset moves all planes")
  func moved() throws {
    #expect(try Self.layout("NV12", 64, 32, offsets: [4096]).planes.map(\.offset) == [4096, 4096 + 64 * 32])
  }

  @Test("Alignment pads lines and heights")
  func aligned() throws {
    let layout = try Self.layout("NV12", 1920, 1080, alignment: .init(stride: 256, height: 16))
    #expect(layout.planes.map(\.stride) == [2048, 2048] && layout.planes.map(\.offset) == [0, 2048 * 1088])
    #expect(layout.size == 2048 * 1088 * 3 / 2)
    #expect(layout.leastSize == 2048 * 1088 + 2048 * 539 + 1920)
  }

  @Test("Impossible places are refused, with the reason")
  func refused() throws {
    func error(_ body: () throws -> ImageLayout) -> String {
      do { return try "\(body())" } catch { return "\(error)" }
    }
    #expect(
      error { try Self.layout("NV12", 1920, 1080, strides: [1900]) }
        == "the stride of plane 0 is 1900 bytes, less than the 1920 bytes of a line")
    #expect(
      error { try Self.layout("NV12", 1920, 1080, strides: [1920, 8]) }
        == "the stride of plane 1 is 8 bytes, less than the 1920 bytes of a line")
    #expect(error { try Self.layout("NV12", 64, 32, offsets: [0, 2047]) } == "plane 0 and plane 1 overlap")
    #expect(error { try Self.layout("NV12", 64, 32, offsets: [0, -1]) } == "the offset of plane 1 is negative")
    #expect(error { try Self.layout("XR24", 64, 32, strides: [1, 2]) } == "the format has 1 plane, not 2 strides")
    #expect(error { try Self.layout("YU12", 64, 32, offsets: [1, 2]) } == "the format has 3 planes, not 2 offsets")
    #expect(error { try Self.layout("VU30", 64, 32) } == "the size of an image in the format VU30 is unknown")
    #expect(error { try Self.layout("XR24", 0, 32) } == "the width and the height must be at least 1")
    #expect(
      error { try Self.layout("XR24", 64, 32, alignment: .init(stride: 0)) } == "an alignment must be at least 1")
  }

  @Test(
    "Numbers that overflow are refused",
    arguments: [
      (Int.max, 1, [], []), (1, Int.max, [Int.max], []), (Int.max / 4, 5, [], []), (64, 64, [Int.max], []),
      (64, 64, [Int.max / 64 + 1], []), (64, 64, [], [Int.max]), (64, 64, [], [Int.max - 64]),
      (64, 1, [Int.max], [1]),
    ] as [(Int, Int, [Int], [Int])])
  func overflow(_ width: Int, _ height: Int, _ strides: [Int], _ offsets: [Int]) {
    #expect(throws: ImageLayoutError.tooLarge) {
      try Self.layout("XR24", width, height, strides: strides, offsets: offsets)
    }
  }

  @Test(
    "The text of a layout is parsed as the same layout",
    arguments: [
      "1920x1080:NV12;2048/2048;0/2211840", "1x1:XR24;4;0", "64x64:RG16-V4L2;128;16", "64x64:XR15-BE;128;0",
      "64x64:XR24:0x0;256;0", "64x64:XR24:0x100000000000001;512;0",
      "1920x1080:NV12;2048/2048;0/2228224;2228224/1114112",
      "1x1:XR24;9223372036854775807;0",
    ])
  func text(_ text: String) throws {
    let layout = try #require(ImageLayout(text))
    #expect("\(layout)" == text && ImageLayout("\(layout)") == layout)
  }

  @Test(
    "A computed layout is parsed from its text", arguments: ["NV12", "YU12", "Y0L0", "P030", "XR24", "NM12", "AB8F"])
  func computed(_ name: String) throws {
    let layout = try Self.layout(name, 1921, 1081, offsets: [64], alignment: .init(stride: 256, height: 64))
    #expect(ImageLayout("\(layout)") == layout)
  }

  @Test(
    "Other text is not a layout",
    arguments: [
      "", ";", "1x1:XR24", "1x1:XR24;4", "1x1:XR24;4;", "1x1:XR24;4;0;", "1x1:XR24;4;0;3", "1x1:XR24;3;0",
      "1x1:XR24;4/4;0",
      "1x1:XR24;4;0/0", "1x1:NOPE;4;0", "1x1:XR24;+4;0", "1x1:XR24;4;-0", "0x1:XR24;4;0", "1x1:VU30;;",
      "1x1:XR24:odd;4;0",
      "1x1:XR24;4;0;4;4", "1x1x1:XR24;4;0", "1x1:NV12;1/2;0/0", "1x1:XR24;4;9223372036854775807", " 1x1:XR24;4;0",
    ])
  func junk(_ text: String) {
    #expect(ImageLayout(text) == nil)
  }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import DMABufTool

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
    Planes(fourccs: "P010 P016", planes: [(3842, 1081), (3844, 541)]),
    Planes(fourccs: "YU12 YV12", planes: [(1921, 1081), (961, 541), (961, 541)]),
    Planes(fourccs: "YU16", planes: [(1921, 1081), (961, 1081), (961, 1081)]),
    Planes(fourccs: "YU24", planes: [(1921, 1081), (1921, 1081), (1921, 1081)]),
  ]

  static func layout(_ text: String) throws -> ImageLayout { try ImageArgument(text).layout() }

  @Test("Strides of each format at 1921x1081", arguments: odd)
  func strides(_ expected: Planes) throws {
    for fourcc in expected.fourccs.split(separator: " ") {
      #expect(
        try Self.layout("1921x1081:\(fourcc)").planes.map(\.stride) == expected.planes.map(\.stride), "\(fourcc)")
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
      let layout = try Self.layout("1921x1081:\(fourcc)")
      #expect(layout.planes.map(\.offset) == offsets && layout.size == offset, "\(fourcc)")
    }
  }

  @Test("Each format has an expected layout")
  func complete() {
    let known = Set(Self.odd.flatMap { $0.fourccs.split(separator: " ").map(String.init) })
    #expect(Set(PixelFormat.all.map(\.fourcc)) == known)
  }

  @Test(
    "Well-known sizes are computed",
    arguments: [
      ("1920x1080:NV12", 3_110_400), ("1920x1080:XR24", 8_294_400), ("640x480:YUYV", 614_400), ("1x1:XR24", 4),
      ("1x1:NV12", 3), ("1x1:YU12", 3), ("3x3:NV12", 17), ("2x2:P010", 12), ("65536x65536:R8", 4_294_967_296),
    ])
  func sizes(_ text: String, _ size: Int) throws {
    #expect(try BufferShape(text).size == size)
  }

  @Test(
    "Impossible images are refused",
    arguments: [
      "0x1080:NV12", "1920x0:NV12", "65537x1:NV12", "1x65537:NV12", "1920x1080", "1920x1080:", "1920x1080:XXXX",
      "1920x1080:nv12", "1920x1080:NV12:0", "99999999999999999999x1:NV12", "-1x1:NV12", "1x-1:NV12",
      "1920 x 1080:NV12",
      "x:NV12", "1920x:NV12", "x1080:NV12", "1x2x3:NV12", "１x１:NV12", "५x५:NV12",
    ])
  func refused(_ text: String) {
    #expect(throws: (any Error).self) { try BufferShape(text) }
  }

  @Test("Text that is not an image is parsed as a size")
  func plainSize() throws {
    #expect(try BufferShape("8M") == .bytes(8_388_608))
  }
}

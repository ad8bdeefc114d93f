// SPDX-License-Identifier: MIT
import DMABufImage
import Testing

@testable import DMABufTool

@Suite("Sizes and images of buffers")
struct BufferShapeTests {
  @Test(
    "Well-known sizes are computed",
    arguments: [
      ("1920x1080:NV12", 3_110_400), ("1920x1080:XR24", 8_294_400), ("640x480:YUYV", 614_400), ("1x1:XR24", 4),
      ("1x1:NV12", 3), ("1x1:YU12", 3), ("3x3:NV12", 17), ("2x2:P010", 12), ("65536x65536:R8", 4_294_967_296),
    ])
  func sizes(_ text: String, _ size: Int) throws {
    let image = try ImageArgument(text)
    #expect(try BufferShape(text) == .image(image))
    #expect(try image.layout().size == size)
  }

  @Test(
    "Impossible images are refused",
    arguments: [
      "0x1080:NV12", "1920x0:NV12", "65537x1:NV12", "1x65537:NV12", "1920x1080", "1920x1080:", "1920x1080:XXXX",
      "1920x1080:nv12", "1920x1080:VU30", "1920x1080:NV12:odd", "99999999999999999999x1:NV12", "-1x1:NV12",
      "1x-1:NV12",
      "1920 x 1080:NV12",
      "x:NV12", "1920x:NV12", "x1080:NV12", "1x2x3:NV12", "１x１:NV12", "५x५:NV12",
    ])
  func refused(_ text: String) {
    #expect(throws: (any Error).self) {
      guard case .image(let image) = try BufferShape(text) else { return }
      _ = try image.layout()
    }
  }

  @Test("Text that is not an image is parsed as a size")
  func plainSize() throws {
    #expect(try BufferShape("8M") == .bytes(8_388_608))
  }
}

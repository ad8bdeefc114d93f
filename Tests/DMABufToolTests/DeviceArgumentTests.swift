// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufImage
import SystemPackage
import Testing

@testable import DMABufTool

@Suite("Device arguments")
struct DeviceArgumentTests {
  @Test(
    "Paths and names are distinguished",
    arguments: [
      ("/dev/video0", .path("/dev/video0")), ("./camera", .path("./camera")), ("drm:vgem", .drm("vgem")),
      ("drm:/dev/dri/card0", .drm("/dev/dri/card0")), ("v4l2:uvcvideo", .v4l2("uvcvideo")),
      ("v4l2:a:b", .v4l2("a:b")),
    ] as [(String, DeviceReference)])
  func parse(_ text: String, _ reference: DeviceReference) {
    #expect(DeviceReference.parse(text) == reference)
    #expect("\(reference)" == text)
  }

  @Test(
    "Buffers and junk are refused as devices",
    arguments: ["", "fd:3", "4711:23", "ino:7", "camera", "drm:", "v4l2:", "DRM:vgem"])
  func junk(_ text: String) {
    #expect(DeviceReference.parse(text) == nil)
  }
}

@Suite("Images of devices")
struct ImageArgumentTests {
  @Test("Any four characters are a format")
  func fourcc() throws {
    let image = try ImageArgument("640x480:NM12")
    #expect(image.width == 640 && image.height == 480 && "\(image.fourcc)" == "NM12")
  }

  @Test(
    "Junk is refused as an image",
    arguments: [
      "", "640x480", "640x480:", "640:XR24", "x:XR24", "0x480:XR24", "640x-1:XR24", "640x480:XR245",
      "640x480:XR24:odd",
      "99999x1:XR24",
    ])
  func junk(_ text: String) {
    #expect(throws: ValidationError.self) { try ImageArgument(text) }
  }

  private func framebuffer(_ text: String) throws -> FramebufferLayout {
    try FramebufferLayout(ImageArgument(text).layout())
  }

  @Test("A framebuffer has the strides of its format, and a modifier if it is named")
  func framebuffer() throws {
    let plain = try framebuffer("640x480:NV12")
    #expect(plain.modifier == nil && plain.planes.map(\.stride) == [640, 640] && plain.planes[1].offset == 307_200)
    #expect(plain.size == 460_800)
    #expect(try framebuffer("64x64:XR24:LINEAR").modifier == 0)
    #expect(try framebuffer("64x64:XR24:0x100000000000001").modifier == 0x100_0000_0000_0001)
    #expect(throws: ValidationError.self) { try framebuffer("64x64:XR24:odd") }
    #expect(try framebuffer("64x64:XR24:x_tiled").modifier == 0x100_0000_0000_0001)
    #expect(throws: Failure.self) { try framebuffer("64x64:ABCD") }
  }

  @Test("A framebuffer has DRM's code for a format of V4L2, and is refused if DRM has none")
  func framebufferOfV4L2() throws {
    #expect(try "\(framebuffer("64x64:NM12").format)" == "NV12")
    #expect(throws: Failure.self) { try framebuffer("64x64:RG16-V4L2") }
  }

  @Test("Offsets, strides and alignments are lists of sizes", arguments: ["0", "4096,2M", "1,2,3,4"])
  func lists(_ text: String) throws { #expect(try ByteList(text).bytes.count == text.split(separator: ",").count) }

  @Test("Junk is refused as a list of sizes", arguments: ["", ",", "1,", "1,2,3,4,5", "-1", "a"])
  func junkLists(_ text: String) { #expect(throws: ValidationError.self) { try ByteList(text) } }

  @Test("An alignment is a stride, and a height", arguments: [("256", 256, 1), ("64x16", 64, 16)])
  func alignment(_ text: String, _ stride: Int, _ height: Int) throws {
    #expect(try LayoutAlignment(text).alignment == .init(stride: stride, height: height))
  }

  @Test("Junk is refused as an alignment", arguments: ["", "0", "x", "64x", "x16", "64x16x2", "65537", "-4"])
  func junkAlignments(_ text: String) { #expect(throws: ValidationError.self) { try LayoutAlignment(text) } }

  @Test("A part of a picture has a size and a place")
  func area() throws {
    let area = try PictureArea("640x480+0+16")
    #expect((area.x, area.y, area.width, area.height) == (0, 16, 640, 480))
  }

  @Test(
    "Junk is refused as a part of a picture",
    arguments: ["", "640x480", "640x480+0", "640+480+0+0", "640x480+0+0+0", "0x1+0+0", "1x1+-1+0", "1x1x1+0+0"])
  func junkAreas(_ text: String) { #expect(throws: ValidationError.self) { try PictureArea(text) } }
}

@Suite("Symbols of errors")
struct ErrnoNameTests {
  @Test("Symbols are those of errno(3), or a number without one")
  func symbols() {
    #expect(ErrnoName.of(.invalidArgument) == "EINVAL" && ErrnoName.of(.badAddress) == "EFAULT")
    #expect(ErrnoName.of(.notSupported) == "EOPNOTSUPP" && ErrnoName.of(Errno(rawValue: 9999)) == "errno 9999")
  }
}

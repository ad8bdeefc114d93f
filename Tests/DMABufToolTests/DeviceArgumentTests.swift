// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
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
      "640x480:XR24:0x1",
      "99999x1:XR24",
    ])
  func junk(_ text: String) {
    #expect(throws: ValidationError.self) { try ImageArgument(text) }
  }

  @Test("A framebuffer has the strides of its format, and a modifier if it is named")
  func framebuffer() throws {
    let plain = try FramebufferLayout(argument: "640x480:NV12")
    #expect(plain.modifier == nil && plain.planes.map(\.stride) == [640, 640] && plain.planes[1].offset == 307_200)
    #expect(plain.size == 460_800)
    #expect(try FramebufferLayout(argument: "64x64:XR24:LINEAR").modifier == 0)
    #expect(try FramebufferLayout(argument: "64x64:XR24:0x100000000000001").modifier == 0x100_0000_0000_0001)
    #expect(throws: ValidationError.self) { try FramebufferLayout(argument: "64x64:XR24:odd") }
    #expect(try FramebufferLayout(argument: "64x64:XR24:x_tiled").modifier == 0x100_0000_0000_0001)
    #expect(throws: ValidationError.self) { try FramebufferLayout(argument: "64x64:ABCD") }
  }

  @Test("A framebuffer has DRM's code for a format of V4L2, and is refused if DRM has none")
  func framebufferOfV4L2() throws {
    #expect(try "\(FramebufferLayout(argument: "64x64:NM12").format)" == "NV12")
    #expect(throws: ValidationError.self) { try FramebufferLayout(argument: "64x64:RG16-V4L2") }
  }
}

@Suite("Symbols of errors")
struct ErrnoNameTests {
  @Test("Symbols are those of errno(3), or a number without one")
  func symbols() {
    #expect(ErrnoName.of(.invalidArgument) == "EINVAL" && ErrnoName.of(.badAddress) == "EFAULT")
    #expect(ErrnoName.of(.notSupported) == "EOPNOTSUPP" && ErrnoName.of(Errno(rawValue: 9999)) == "errno 9999")
  }
}

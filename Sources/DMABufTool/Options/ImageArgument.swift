// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufImage

/// An image's size and format as the user types it, `640x480:YUYV`. Any fourcc is accepted, because devices may know
/// more formats than ``PixelFormat``.
struct ImageArgument: Equatable, Sendable {
  let width: Int
  let height: Int
  let fourcc: FourCC
  /// The format, if its name is known.
  let format: PixelFormat?
  /// The text after the format, such as a modifier.
  let rest: String?

  init(_ text: String, takesRest: Bool = false) throws {
    let parts = text.split(scalar: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    let sides = Self.sides(text)
    if parts.count == 1, sides.count == 2 {
      throw ValidationError("the pixel format is missing, as in \(text):NV12")
    }
    guard parts.count == 2 || takesRest && parts.count == 3, sides.count == 2 else {
      throw ValidationError("an image is WxH:FOURCC, such as 1920x1080:XR24")
    }
    let format = PixelFormat(name: parts[1])
    guard let fourcc = format?.code ?? FourCC(parts[1]) else {
      throw ValidationError("an image is WxH:FOURCC, such as 1920x1080:XR24")
    }
    guard let width = Int(sides[0]), let height = Int(sides[1]), 1...65536 ~= width, 1...65536 ~= height else {
      throw ValidationError("width and height are from 1 to 65536")
    }
    (self.width, self.height, self.fourcc, self.format) = (width, height, fourcc, format)
    rest = parts.count == 3 ? parts[2] : nil
  }

  /// Whether the text is meant as an image, valid or not, rather than as a number of bytes.
  static func isMeant(by text: String) -> Bool { sides(text).count == 2 }

  /// Width and height as typed; empty if the text before the format is not such a pair.
  private static func sides(_ text: String) -> [Substring] {
    let size = text.split(scalar: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
    let sides = size.split(scalar: "x", omittingEmptySubsequences: false)
    return sides.count == 2 && sides.allSatisfy { $0.first?.isNumber == true } ? sides : []
  }

  /// The layout in memory, without padding. Throws for formats whose planes are unknown.
  func layout() throws -> ImageLayout {
    guard let format else {
      throw ValidationError("\(fourcc) is not a known pixel format; dmabuf help images lists them")
    }
    do {
      return try ImageLayout(width: width, height: height, format: format)
    } catch {
      throw ValidationError("\(error)")
    }
  }
}

extension FramebufferLayout {
  /// Parses `WIDTHxHEIGHT:FOURCC[:MODIFIER]`. The modifier is a name of libdrm or a number.
  init(argument text: String) throws {
    let image = try ImageArgument(text, takesRest: true)
    let layout = try image.layout()
    guard let format = layout.format.drmCode else {
      throw ValidationError("\(layout.format) is a format of V4L2, and DRM has no such format")
    }
    let modifier = image.rest.flatMap { FormatModifier($0) }
    guard image.rest == nil || modifier != nil else {
      throw ValidationError("a modifier is a name, such as LINEAR, or a number, such as 0x100000000000001")
    }
    self.init(
      width: layout.width, height: layout.height, format: format, modifier: modifier?.rawValue,
      planes: layout.planes.map { Plane(offset: $0.offset, stride: $0.stride, size: $0.size) })
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufImage

/// An image's size and format as the user types it, `640x480:YUYV` or `640x480:XR24:LINEAR`. Any fourcc is accepted,
/// because devices may know more formats than ``PixelFormat``.
struct ImageArgument: Equatable, Sendable {
  let width: Int
  let height: Int
  let fourcc: FourCC
  /// The format, if its name is known.
  let format: PixelFormat?
  let modifier: FormatModifier?

  init(_ text: String) throws {
    let parts = text.split(scalar: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    let sides = Self.sides(text)
    if parts.count == 1, sides.count == 2 {
      throw ValidationError("the pixel format is missing, as in \(text):NV12")
    }
    let format = parts.count >= 2 ? PixelFormat(name: parts[1]) : nil
    guard parts.count >= 2, sides.count == 2, let fourcc = format?.code ?? FourCC(parts[1]) else {
      throw ValidationError("an image is WxH:FOURCC, such as 1920x1080:XR24")
    }
    guard let width = Int(sides[0]), let height = Int(sides[1]), 1...65536 ~= width, 1...65536 ~= height else {
      throw ValidationError("width and height are from 1 to 65536")
    }
    (self.width, self.height, self.fourcc, self.format) = (width, height, fourcc, format)
    modifier = parts.count == 3 ? FormatModifier(parts[2]) : nil
    guard parts.count == 2 || modifier != nil else {
      throw ValidationError("a modifier is a name, such as LINEAR, or a number, such as 0x100000000000001")
    }
  }

  /// Refuses another modifier than LINEAR, which `operation` does not support.
  func checkIsLinear(_ operation: String) throws {
    guard let modifier, modifier != .linear else { return }
    throw Failure(
      "cannot \(operation) with the modifier \(modifier): only the device that uses it knows the layout",
      hint: "omit the modifier, or use LINEAR", status: .usage)
  }

  /// Whether the text is meant as an image, valid or not, rather than as a number of bytes.
  static func isMeant(by text: String) -> Bool { sides(text).count == 2 }

  /// Width and height as typed; empty if the text before the format is not such a pair.
  private static func sides(_ text: String) -> [Substring] {
    let size = text.split(scalar: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
    let sides = size.split(scalar: "x", omittingEmptySubsequences: false)
    return sides.count == 2 && sides.allSatisfy { $0.first?.isNumber == true } ? sides : []
  }

  /// The layout in memory. Throws for formats whose planes are unknown, and for impossible layouts.
  func layout(
    strides: ByteList? = nil, offsets: ByteList? = nil, alignment: ImageLayout.Alignment? = nil
  ) throws -> ImageLayout {
    guard let format else {
      throw Failure(
        "cannot lay out \(width)x\(height):\(fourcc): \(fourcc) is not a known pixel format",
        hint: "dmabuf help images lists the formats", status: .usage)
    }
    do {
      return try ImageLayout(
        width: width, height: height, format: format, modifier: modifier, strides: strides?.bytes ?? [],
        offsets: offsets?.bytes ?? [], alignment: alignment ?? ImageLayout.Alignment(stride: 1))
    } catch {
      throw Failure("cannot lay out \(width)x\(height):\(format): \(error)", status: .usage)
    }
  }
}

extension FramebufferLayout {
  /// The layout of an image for a display, with the code of DRM for its format.
  init(_ layout: ImageLayout) throws { try self.init(layout, offsets: layout.planes.map(\.offset)) }

  /// The same, with each plane at an offset in a buffer of its own.
  init(_ layout: ImageLayout, offsets: [Int]) throws {
    guard let format = layout.format.drmCode else {
      throw Failure("\(layout.format) is a format of V4L2, and DRM has no such format", status: .usage)
    }
    self.init(
      width: layout.width, height: layout.height, format: format, modifier: layout.modifier?.rawValue,
      planes: zip(layout.planes, offsets).map { Plane(offset: $1, stride: $0.stride, size: $0.size) })
  }
}

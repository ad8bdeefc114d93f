// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// An image's size and format as the user types it, `640x480:YUYV`. Any fourcc is accepted, because devices know more
/// formats than ``PixelFormat``.
struct ImageArgument: Equatable, Sendable {
  let width: Int
  let height: Int
  let fourcc: FourCC
  /// The text after the format, such as a modifier.
  let rest: String?

  init(_ text: String, takesRest: Bool = false) throws {
    let parts = text.split(scalar: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    let sides = Self.sides(text)
    if parts.count == 1, sides.count == 2 {
      throw ValidationError("the pixel format is missing, as in \(text):NV12")
    }
    guard parts.count == 2 || takesRest && parts.count == 3, sides.count == 2, let fourcc = FourCC(parts[1]) else {
      throw ValidationError("an image is WxH:FOURCC, such as 1920x1080:XR24")
    }
    guard let width = Int(sides[0]), let height = Int(sides[1]), 1...65536 ~= width, 1...65536 ~= height else {
      throw ValidationError("width and height are from 1 to 65536")
    }
    (self.width, self.height, self.fourcc) = (width, height, fourcc)
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

  /// The layout in memory. Throws for formats whose planes are unknown.
  func layout() throws -> ImageLayout {
    guard let format = PixelFormat.all.first(where: { $0.fourcc == "\(fourcc)" }) else {
      let known = PixelFormat.all.map(\.fourcc).joined(separator: " ")
      throw ValidationError("the pixel formats are \(known)")
    }
    return ImageLayout(width: width, height: height, format: format)
  }
}

extension FramebufferLayout {
  /// Parses `WIDTHxHEIGHT:FOURCC[:MODIFIER]`. The modifier is a number or LINEAR.
  init(argument text: String) throws {
    let image = try ImageArgument(text, takesRest: true)
    let layout = try image.layout()
    var modifier: UInt64?
    if let word = image.rest {
      let number = word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
      guard let number = word == "LINEAR" ? 0 : number else {
        throw ValidationError("modifiers are LINEAR and numbers like 0x100000000000001")
      }
      modifier = number
    }
    self.init(
      width: layout.width, height: layout.height, format: image.fourcc, modifier: modifier,
      planes: layout.planes.map { Plane(offset: $0.offset, stride: $0.stride, size: $0.size) })
  }
}

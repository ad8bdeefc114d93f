// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABufImage

/// The argument of `alloc`: a number of bytes, or an image.
enum BufferShape: Equatable {
  case bytes(Int)
  case image(ImageArgument)

  init(_ text: String) throws {
    self = try ImageArgument.isMeant(by: text) ? .image(ImageArgument(text)) : .bytes(ByteSize(text).bytes)
  }

  /// The size of the buffer, and the layout of the image in it.
  func resolve(_ options: PlaneOptions) throws -> (size: Int, image: ImageLayout?) {
    switch self {
    case .bytes(let count):
      guard !options.isGiven else {
        throw ValidationError("--stride, --align, --layout and --offset need an image, such as 1920x1080:NV12")
      }
      return (count, nil)
    case .image(let argument):
      try argument.checkIsLinear("allocate an image")
      let image = try options.layout(of: argument)
      return (image.size, image)
    }
  }
}

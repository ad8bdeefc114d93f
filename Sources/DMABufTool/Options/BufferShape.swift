// SPDX-License-Identifier: MIT
import DMABufImage

/// The argument of `alloc`: a number of bytes, or an image.
enum BufferShape: Equatable {
  case bytes(Int)
  case image(ImageLayout)

  init(_ text: String) throws {
    self =
      ImageArgument.isMeant(by: text)
      ? .image(try ImageArgument(text).layout()) : .bytes(try ByteSize(text).bytes)
  }

  var size: Int {
    switch self {
    case .bytes(let count): count
    case .image(let image): image.size
    }
  }

  var image: ImageLayout? {
    if case .image(let image) = self { image } else { nil }
  }
}

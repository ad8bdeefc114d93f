// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// A pixel format with its DRM fourcc (`drm_fourcc.h`) and the layout of its planes.
struct PixelFormat: Equatable {
  /// One plane: the bytes of a sample group, and the number of pixels of a group horizontally and vertically.
  struct Plane: Equatable {
    let bytes: Int
    let horizontal: Int
    let vertical: Int

    init(_ bytes: Int, _ horizontal: Int = 1, _ vertical: Int = 1) {
      self.bytes = bytes
      self.horizontal = horizontal
      self.vertical = vertical
    }
  }

  let fourcc: String
  let planes: [Plane]

  init(_ fourcc: String, _ planes: Plane...) {
    self.fourcc = fourcc
    self.planes = planes
  }

  /// The formats that cameras, codecs and displays use most.
  static let all = [
    PixelFormat("XR24", Plane(4)), PixelFormat("AR24", Plane(4)),
    PixelFormat("XB24", Plane(4)), PixelFormat("AB24", Plane(4)),
    PixelFormat("RX24", Plane(4)), PixelFormat("RA24", Plane(4)),
    PixelFormat("BX24", Plane(4)), PixelFormat("BA24", Plane(4)),
    PixelFormat("XR30", Plane(4)), PixelFormat("AR30", Plane(4)),
    PixelFormat("XB30", Plane(4)), PixelFormat("AB30", Plane(4)),
    PixelFormat("RG24", Plane(3)), PixelFormat("BG24", Plane(3)),
    PixelFormat("RG16", Plane(2)), PixelFormat("BG16", Plane(2)),
    PixelFormat("R8", Plane(1)), PixelFormat("GREY", Plane(1)), PixelFormat("R16", Plane(2)),
    PixelFormat("YUYV", Plane(4, 2)), PixelFormat("YVYU", Plane(4, 2)),
    PixelFormat("UYVY", Plane(4, 2)), PixelFormat("VYUY", Plane(4, 2)),
    PixelFormat("NV12", Plane(1), Plane(2, 2, 2)), PixelFormat("NV21", Plane(1), Plane(2, 2, 2)),
    PixelFormat("NV16", Plane(1), Plane(2, 2)), PixelFormat("NV61", Plane(1), Plane(2, 2)),
    PixelFormat("NV24", Plane(1), Plane(2)), PixelFormat("NV42", Plane(1), Plane(2)),
    PixelFormat("P010", Plane(2), Plane(4, 2, 2)), PixelFormat("P016", Plane(2), Plane(4, 2, 2)),
    PixelFormat("YU12", Plane(1), Plane(1, 2, 2), Plane(1, 2, 2)),
    PixelFormat("YV12", Plane(1), Plane(1, 2, 2), Plane(1, 2, 2)),
    PixelFormat("YU16", Plane(1), Plane(1, 2), Plane(1, 2)),
    PixelFormat("YU24", Plane(1), Plane(1), Plane(1)),
  ]
}

/// The layout of an image in memory. The planes follow each other without gaps.
struct ImageLayout: Equatable {
  struct Plane: Equatable, Encodable {
    let offset: Int
    let stride: Int
    let size: Int
  }

  let width: Int
  let height: Int
  let format: PixelFormat
  let planes: [Plane]
  var size: Int { planes.reduce(0) { $0 + $1.size } }

  init(width: Int, height: Int, format: PixelFormat) {
    self.width = width
    self.height = height
    self.format = format
    var offset = 0
    var planes: [Plane] = []
    for plane in format.planes {
      let stride = (width + plane.horizontal - 1) / plane.horizontal * plane.bytes
      let size = stride * ((height + plane.vertical - 1) / plane.vertical)
      planes.append(Plane(offset: offset, stride: stride, size: size))
      offset += size
    }
    self.planes = planes
  }
}

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

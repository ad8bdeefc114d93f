// SPDX-License-Identifier: MIT
import DMABuf
import DMABufImage

/// The layouts that devices give to images.
enum DeviceLayout {
  /// The layout of an image as the device lays it out. Nothing on the device changes.
  static func of(_ image: ImageArgument, on device: Device, offsets: ByteList? = nil) throws -> ImageLayout {
    switch device.subsystem {
    case .drm:
      let node = try DRMNode(device.node)
      // The driver aligns the lines of a dumb buffer as its display needs them. One line is enough to see it.
      let dumb = try node.makeDumbBuffer(image.layout(), lines: 1)
      return try image.layout(strides: ByteList([dumb.stride]), offsets: offsets)
    case .v4l2:
      let node = try V4L2Node(device.node)
      let queue = try imageQueue(of: node)
      let format = try node.offer(of: queue, width: image.width, height: image.height, fourcc: image.fourcc)
      return try layout(format, of: node.path)
    }
  }

  /// The layout of the images that a V4L2 device captures or reads now.
  static func current(of device: Device) throws -> ImageLayout {
    guard device.subsystem == .v4l2 else {
      throw Failure(
        "cannot use the format of \(device.path): DRM devices have none for buffers",
        hint: "add size and format, as in --image 1920x1080:XR24", status: .usage)
    }
    let node = try V4L2Node(device.node)
    return try layout(try node.format(of: imageQueue(of: node)), of: node.path)
  }

  /// The layout of images in a queue's format; `nil` if the data are no images, or the format is not known.
  static func layout(_ format: V4L2Format) -> ImageLayout? {
    guard let width = format.width, let height = format.height, let known = PixelFormat(v4l2: format.fourcc),
      format.planes.count == 1, let stride = format.planes[0].stride, stride > 0,
      let layout = try? ImageLayout(width: width, height: height, format: known, strides: [stride]),
      layout.size <= format.planes[0].size
    else { return nil }
    return layout
  }

  private static func layout(_ format: V4L2Format, of path: String) throws -> ImageLayout {
    if let layout = layout(format) { return layout }
    let reason =
      format.planes.count > 1
      ? "each plane of \(format.fourcc) is a buffer of its own" : "the layout of \(format.fourcc) is not known"
    throw Failure("cannot use the layout of \(path): \(reason)")
  }

  private static func imageQueue(of node: borrowing V4L2Node) throws -> V4L2Queue {
    let usable = node.queues.filter(\.isVideo)
    guard let queue = usable.first(where: { !$0.isOutput }) ?? usable.first else {
      throw Failure("cannot use the layout of \(node.path): it has no queue of images")
    }
    return queue
  }
}

extension DRMNode {
  /// Allocates a dumb buffer with room for all planes of an image one after the other: as further lines with the
  /// stride of the first plane. Or with a number of lines.
  func makeDumbBuffer(_ layout: ImageLayout, lines: Int? = nil, readOnly: Bool = false) throws -> DumbBuffer {
    let stride = layout.planes[0].stride
    return try makeDumbBuffer(
      width: layout.width, height: lines ?? (layout.size + stride - 1) / stride,
      bitsPerPixel: stride * 8 / layout.width, readOnly: readOnly)
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf

/// The format of a queue's buffers.
public struct V4L2Format: Equatable, Sendable {
  /// One buffer of a frame.
  public struct Plane: Equatable, Sendable {
    /// The smallest size of a buffer, in bytes.
    public let size: Int
    /// Bytes from one line to the next; `nil` when the data have no lines.
    public let stride: Int?
  }

  /// Width in pixels; `nil` when the data are not images.
  public let width: Int?
  /// Height in pixels; `nil` when the data are not images.
  public let height: Int?
  /// The V4L2 fourcc of `videodev2.h`.
  public let fourcc: FourCC
  /// The field order, a number of `enum v4l2_field`.
  package let field: UInt32
  /// One plane for each dma-buf of a frame. Only multi-planar queues have several.
  public let planes: [Plane]

  init(_ format: v4l2_format, _ queue: V4L2Queue) {
    var width: Int?
    var height: Int?
    var field: UInt32 = UInt32(V4L2_FIELD_NONE.rawValue)
    switch queue.name {
    case "video-capture", "video-output":
      let pixels = unsafe format.fmt.pix
      (width, height, field) = (Int(pixels.width), Int(pixels.height), pixels.field)
      fourcc = FourCC(rawValue: pixels.pixelformat)
      planes = [Plane(size: Int(pixels.sizeimage), stride: Int(pixels.bytesperline))]
    case "video-capture-mplane", "video-output-mplane":
      let pixels = unsafe format.fmt.pix_mp
      (width, height, field) = (Int(pixels.width), Int(pixels.height), pixels.field)
      fourcc = FourCC(rawValue: pixels.pixelformat)
      let all = unsafe withUnsafeBytes(of: pixels.plane_fmt) {
        unsafe Array($0.bindMemory(to: v4l2_plane_pix_format.self))
      }
      planes = all.prefix(Int(pixels.num_planes)).map {
        Plane(size: Int($0.sizeimage), stride: Int($0.bytesperline))
      }
    case "vbi-capture", "vbi-output":
      let lines = unsafe format.fmt.vbi
      fourcc = FourCC(rawValue: lines.sample_format)
      planes = [Plane(size: Int(lines.samples_per_line) * Int(lines.count.0 + lines.count.1), stride: nil)]
    case "sdr-capture", "sdr-output":
      let samples = unsafe format.fmt.sdr
      fourcc = FourCC(rawValue: samples.pixelformat)
      planes = [Plane(size: Int(samples.buffersize), stride: nil)]
    default:
      let data = unsafe format.fmt.meta
      fourcc = FourCC(rawValue: data.dataformat)
      planes = [Plane(size: Int(data.buffersize), stride: nil)]
    }
    (self.width, self.height, self.field) = (width, height, field)
  }
}

/// An error: the driver changed the requested image format.
public struct FormatChanged: Error, Equatable, Sendable {
  /// The node.
  public let subject: String
  /// The format that the driver would use instead.
  public let offered: V4L2Format
}

extension FormatChanged: CustomStringConvertible {
  /// A sentence without the node.
  public var description: String { "the driver does not support this size and format" }
}

extension V4L2Node {
  private static var get: Request<v4l2_format> { unsafe Request(.VIDIOC_G_FMT, CDMABUF_VIDIOC_G_FMT) }
  private static var set: Request<v4l2_format> { unsafe Request(.VIDIOC_S_FMT, CDMABUF_VIDIOC_S_FMT) }

  private func current(_ queue: V4L2Queue) throws(KernelError) -> v4l2_format {
    var format = unsafe v4l2_format()
    unsafe format.type = queue.type
    try unsafe file.ioctl(Self.get, &format)
    return unsafe format
  }

  /// The encoded format that a decoder reads; `nil` for a device that is not a decoder.
  ///
  /// Corresponds to `VIDIOC_ENUM_FMT`'s `V4L2_FMT_FLAG_COMPRESSED`.
  public var decodedFormat: FourCC? {
    guard isMemoryToMemory, let output = queues.first(where: \.isOutput), let format = try? format(of: output) else {
      return nil
    }
    return formats(of: output).first { $0.fourcc == format.fourcc && $0.isCompressed }?.fourcc
  }

  /// The formats that a queue supports, in the driver's order: the codes, and whether they are of compressed data. With
  /// `V4L2_CAP_IO_MC`, drivers list the formats of all media bus codes.
  ///
  /// Corresponds to `VIDIOC_ENUM_FMT`.
  public func formats(of queue: V4L2Queue) -> [(fourcc: FourCC, isCompressed: Bool)] {
    var formats: [(fourcc: FourCC, isCompressed: Bool)] = []
    for index: UInt32 in 0..<1024 {
      var description = v4l2_fmtdesc()
      (description.index, description.type) = (index, queue.type)
      let request = Request<v4l2_fmtdesc>(.VIDIOC_ENUM_FMT, CDMABUF_VIDIOC_ENUM_FMT)
      guard (try? file.ioctl(request, &description)) != nil else { break }
      formats.append(
        (FourCC(rawValue: description.pixelformat), description.flags & UInt32(V4L2_FMT_FLAG_COMPRESSED) != 0))
    }
    return formats
  }

  /// The format of a queue's buffers.
  ///
  /// Corresponds to `VIDIOC_G_FMT`. Throws `EINVAL` when the driver has no format yet.
  public func format(of queue: V4L2Queue) throws(KernelError) -> V4L2Format {
    unsafe V4L2Format(try current(queue), queue)
  }

  /// Runs `body` with another image size and format on a queue, and restores the previous ones.
  ///
  /// Corresponds to `VIDIOC_S_FMT`. Throws ``FormatChanged`` when the driver sets another format, `EBUSY` while any
  /// process has buffers on the queue.
  public func withFormat<Result>(
    _ queue: V4L2Queue, width: Int, height: Int, fourcc: FourCC, _ body: () throws -> Result
  ) throws -> Result {
    let before = try unsafe current(queue)
    var wanted = unsafe wanted(before, queue, width: width, height: height, fourcc: fourcc)
    try unsafe file.ioctl(Self.set, &wanted)
    defer {
      var restored = unsafe before
      try? unsafe file.ioctlToTheEnd(Self.set, &restored)
    }
    _ = try unsafe checked(wanted, queue, width: width, height: height, fourcc: fourcc)
    return try body()
  }

  /// The format that a queue would have for an image size and format. The queue keeps its own.
  ///
  /// Corresponds to `VIDIOC_TRY_FMT`. Throws ``FormatChanged`` when the driver would change size or format.
  public func offer(of queue: V4L2Queue, width: Int, height: Int, fourcc: FourCC) throws -> V4L2Format {
    var wanted = unsafe wanted(try current(queue), queue, width: width, height: height, fourcc: fourcc)
    try unsafe file.ioctl(Request<v4l2_format>(.VIDIOC_TRY_FMT, CDMABUF_VIDIOC_TRY_FMT), &wanted)
    return try unsafe checked(wanted, queue, width: width, height: height, fourcc: fourcc)
  }

  private func checked(
    _ format: v4l2_format, _ queue: V4L2Queue, width: Int, height: Int, fourcc: FourCC
  ) throws(FormatChanged) -> V4L2Format {
    let offered = unsafe V4L2Format(format, queue)
    guard offered.width == width, offered.height == height, offered.fourcc == fourcc else {
      throw FormatChanged(subject: path, offered: offered)
    }
    return offered
  }

  private func wanted(
    _ current: v4l2_format, _ queue: V4L2Queue, width: Int, height: Int, fourcc: FourCC
  ) -> v4l2_format {
    var wanted = unsafe current
    if queue.isMultiPlanar {
      unsafe wanted.fmt.pix_mp.width = UInt32(clamping: width)
      unsafe wanted.fmt.pix_mp.height = UInt32(clamping: height)
      unsafe wanted.fmt.pix_mp.pixelformat = fourcc.rawValue
      // The driver counts the planes and computes their sizes.
      unsafe wanted.fmt.pix_mp.num_planes = 0
      unsafe wanted.fmt.pix_mp.plane_fmt = v4l2_pix_format_mplane().plane_fmt
    } else {
      unsafe wanted.fmt.pix.width = UInt32(clamping: width)
      unsafe wanted.fmt.pix.height = UInt32(clamping: height)
      unsafe wanted.fmt.pix.pixelformat = fourcc.rawValue
      unsafe wanted.fmt.pix.bytesperline = 0
      unsafe wanted.fmt.pix.sizeimage = 0
    }
    return unsafe wanted
  }
}

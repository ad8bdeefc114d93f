// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A V4L2 device through its node: a camera, a codec, a scaler, a test driver.
public struct V4L2Node: ~Copyable, Sendable {
  /// Where the kernel lists the nodes.
  public static let directory = "/sys/class/video4linux"

  package let file: OpenFile
  /// The driver's name, such as `uvcvideo` or `vivid`.
  public let driver: UntrustedText
  /// What the device calls itself.
  public let card: UntrustedText
  /// The queues of buffers that this node has.
  public let queues: [V4L2Queue]

  /// Opens a node, without waiting for frames later.
  ///
  /// Corresponds to `open(2)` and `VIDIOC_QUERYCAP`. Throws `EACCES` when this user may not use the
  /// node, `EBUSY` when the driver lets only one open it, `ENOTTY` when it is none of V4L2.
  public init(_ path: String) throws(KernelError) {
    try self.init(OpenFile(path, O_RDWR | O_NONBLOCK))
  }

  /// Takes over an open node, likewise.
  package init(_ file: consuming OpenFile) throws(KernelError) {
    var capability = v4l2_capability()
    try file.ioctl(Request(.VIDIOC_QUERYCAP, CDMABUF_VIDIOC_QUERYCAP), &capability)
    driver = UntrustedText(terminated: capability.driver)
    card = UntrustedText(terminated: capability.card)
    // What the node can do; drivers of old say only what the whole device can.
    let isSpecific = capability.capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0
    let bits = isSpecific ? capability.device_caps : capability.capabilities
    queues = bits & UInt32(V4L2_CAP_STREAMING) == 0 ? [] : V4L2Queue.all.filter { $0.capability & bits != 0 }
    self.file = file
  }

  /// The node's path.
  public var path: String { file.name }

  /// The descriptor's number, for handing it to whoever keeps what was queued.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// Hands over the open node, for whoever keeps it.
  package consuming func takeDescriptor() -> OwnedDescriptor { file.descriptor }

  /// Does one node take buffers in and give others out, as codecs and scalers do?
  public var isMemoryToMemory: Bool {
    queues.contains { $0.isOutput } && queues.contains { !$0.isOutput }
  }

  /// The queue by which it gives images of its own making, as cameras do; `nil` if it has none.
  public var captureQueue: V4L2Queue? {
    isMemoryToMemory ? nil : queues.first { $0.isVideo && !$0.isOutput }
  }

  /// The paths of all nodes that may have queues of buffers, by kind and number.
  public static func paths() throws(KernelError) -> [String] {
    try numberedNodes(["video", "vbi", "swradio", "v4l-touch"], listedIn: directory, at: "/dev")
  }
}

/// One of a node's queues: buffers go one way through it.
public struct V4L2Queue: Hashable, Sendable {
  /// The number of `enum v4l2_buf_type`.
  package let type: UInt32
  let capability: UInt32
  /// The kernel's name of the type in lower case: `video-capture`, `video-output-mplane`.
  public let name: String

  /// Does the device read from its buffers, rather than write into them?
  public var isOutput: Bool { name.contains("output") }

  /// Does each plane of an image have a buffer of its own?
  public var isMultiPlanar: Bool { name.hasSuffix("-mplane") }

  /// Do its buffers hold images?
  public var isVideo: Bool { name.hasPrefix("video-") }

  private init(_ name: String, _ type: v4l2_buf_type, _ capabilities: Int32...) {
    self.name = name
    self.type = UInt32(type.rawValue)
    capability = capabilities.reduce(0) { $0 | UInt32($1) }
  }

  /// Sliced VBI shares its queue with raw VBI and is left out.
  static let all = [
    V4L2Queue("video-capture", V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_M2M),
    V4L2Queue("video-output", V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_CAP_VIDEO_OUTPUT, V4L2_CAP_VIDEO_M2M),
    V4L2Queue(
      "video-capture-mplane", V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, V4L2_CAP_VIDEO_CAPTURE_MPLANE,
      V4L2_CAP_VIDEO_M2M_MPLANE),
    V4L2Queue(
      "video-output-mplane", V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, V4L2_CAP_VIDEO_OUTPUT_MPLANE,
      V4L2_CAP_VIDEO_M2M_MPLANE),
    V4L2Queue("vbi-capture", V4L2_BUF_TYPE_VBI_CAPTURE, V4L2_CAP_VBI_CAPTURE),
    V4L2Queue("vbi-output", V4L2_BUF_TYPE_VBI_OUTPUT, V4L2_CAP_VBI_OUTPUT),
    V4L2Queue("sdr-capture", V4L2_BUF_TYPE_SDR_CAPTURE, V4L2_CAP_SDR_CAPTURE),
    V4L2Queue("sdr-output", V4L2_BUF_TYPE_SDR_OUTPUT, V4L2_CAP_SDR_OUTPUT),
    V4L2Queue("meta-capture", V4L2_BUF_TYPE_META_CAPTURE, V4L2_CAP_META_CAPTURE),
    V4L2Queue("meta-output", V4L2_BUF_TYPE_META_OUTPUT, V4L2_CAP_META_OUTPUT),
  ]
}

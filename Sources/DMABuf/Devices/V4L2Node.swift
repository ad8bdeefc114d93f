// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A V4L2 device through its node: a camera, a codec, a scaler, a test driver.
public struct V4L2Node: ~Copyable, Sendable {
  /// The directory in which the kernel lists the nodes.
  public static let directory = "/sys/class/video4linux"

  package let file: OpenFile
  /// The driver's name, such as `uvcvideo` or `vivid`.
  public let driver: UntrustedText
  /// The device's name.
  public let card: UntrustedText
  /// The queues of this node.
  public let queues: [V4L2Queue]

  /// Opens a node in non-blocking mode, so that dequeueing does not wait.
  ///
  /// Corresponds to `open(2)` and `VIDIOC_QUERYCAP`. Throws `EACCES` when this user may not use the node, `EBUSY` when
  /// the driver allows only one open file, `ENOTTY` when the node is not a V4L2 node.
  public init(_ path: String) throws(KernelError) {
    try self.init(OpenFile(path, O_RDWR | O_NONBLOCK))
  }

  /// Takes ownership of an open node.
  package init(_ file: consuming OpenFile) throws(KernelError) {
    var capability = v4l2_capability()
    try file.ioctl(Request(.VIDIOC_QUERYCAP, CDMABUF_VIDIOC_QUERYCAP), &capability)
    driver = UntrustedText(terminated: capability.driver)
    card = UntrustedText(terminated: capability.card)
    // The node's capabilities. Old drivers report only those of the whole device.
    let isSpecific = capability.capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0
    let bits = isSpecific ? capability.device_caps : capability.capabilities
    queues = bits & UInt32(V4L2_CAP_STREAMING) == 0 ? [] : V4L2Queue.all.filter { $0.capability & bits != 0 }
    self.file = file
  }

  /// The node's path.
  public var path: String { file.name }

  /// The descriptor's number, for passing the node to a process that holds the queued buffers.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// Returns the open node's descriptor and transfers its ownership.
  package consuming func takeDescriptor() -> OwnedDescriptor { file.descriptor }

  /// Whether one node both reads buffers and writes others, as codecs and scalers do.
  public var isMemoryToMemory: Bool {
    queues.contains { $0.isOutput } && queues.contains { !$0.isOutput }
  }

  /// The queue through which the device captures images, as cameras do; `nil` if there is none.
  public var captureQueue: V4L2Queue? {
    isMemoryToMemory ? nil : queues.first { $0.isVideo && !$0.isOutput }
  }

  /// The paths of all nodes that may have queues of buffers, sorted by kind and number.
  public static func paths() throws(KernelError) -> [String] {
    try numberedNodes(["video", "vbi", "swradio", "v4l-touch"], listedIn: directory, at: "/dev")
  }
}

/// One of a node's queues. Buffers have one direction in a queue.
public struct V4L2Queue: Hashable, Sendable {
  /// The number of `enum v4l2_buf_type`.
  package let type: UInt32
  let capability: UInt32
  /// The kernel's name of the type in lower case: `video-capture`, `video-output-mplane`.
  public let name: String

  /// Whether the device reads from the queue's buffers. Otherwise the device writes into them.
  public var isOutput: Bool { name.contains("output") }

  /// Whether each plane of an image has its own buffer.
  public var isMultiPlanar: Bool { name.hasSuffix("-mplane") }

  /// Whether the queue's buffers contain images.
  public var isVideo: Bool { name.hasPrefix("video-") }

  private init(_ name: String, _ type: v4l2_buf_type, _ capabilities: Int32...) {
    self.name = name
    self.type = UInt32(type.rawValue)
    capability = capabilities.reduce(0) { $0 | UInt32($1) }
  }

  /// All kinds of queues. Sliced VBI is absent, because it shares its queue with raw VBI.
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

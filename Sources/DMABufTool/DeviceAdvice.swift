// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufDisplay
import SystemPackage

/// Hints for errors of devices.
enum DeviceAdvice {
  /// The hint for an error, without knowledge of the buffer.
  static func hint(for error: KernelError) -> String? {
    switch (error.call, error.errno) {
    case (.DRM_IOCTL_MODE_CREATE_DUMB, .permissionDenied): renderNode(error.subject)
    case (.DRM_IOCTL_MODE_CREATE_DUMB, .noFunction): "this driver has no dumb buffers"
    case (.VIDIOC_REQBUFS, .resourceBusy), (.VIDIOC_EXPBUF, .resourceBusy), (.VIDIOC_S_FMT, .resourceBusy),
      (.open, .resourceBusy):
      users(error.subject)
    case (.DRM_IOCTL_SET_MASTER, .resourceBusy), (.DRM_IOCTL_SET_MASTER, .permissionDenied): master(error.subject)
    case (.VIDIOC_REQBUFS, .invalidArgument): "the queue does not support this kind of buffers"
    case (.VIDIOC_EXPBUF, .inappropriateIOCTLForDevice), (.VIDIOC_EXPBUF, .invalidArgument):
      "the driver cannot export its buffers"
    case (.VIDIOC_DQBUF, .operationNotSupportedByDevice), (.VIDIOC_QBUF, .operationNotSupportedByDevice),
      (.VIDIOC_STREAMON, .operationNotSupportedByDevice):
      gone
    case (.VIDIOC_STREAMON, .brokenPipe), (.VIDIOC_STREAMON, .noLink):
      "the media pipeline is not set up; set it up with media-ctl"
    default: nil
    }
  }

  static let gone = "the device has gone: it was unplugged, or its driver was removed"

  static func noFrame(_ path: String) -> String {
    guard let format = (try? V4L2Node(path))?.decodedFormat else {
      return "no frame arrived in time; use --timeout DURATION to wait longer"
    }
    return "\(path) decodes \(format); it produces no frame unless the first buffer holds encoded data"
  }

  static func hint(for error: NoSuchDevice) -> String {
    error.drivers.isEmpty
      ? "this machine has no devices of this kind"
      : "the drivers of this machine are " + error.drivers.map(\.escaped).joined(separator: ", ")
  }

  static func hint(for error: FormatChanged) -> String {
    let offer = error.offered
    return "the driver offers \(offer.width ?? 0)x\(offer.height ?? 0):\(offer.fourcc) instead"
  }

  static func hint(for error: DisplayError) -> String? {
    switch error {
    case .noConnector(_, _, let names): "the connectors are " + names.joined(separator: " ")
    case .noMode(_, _, _, let modes): "the modes are " + modes.joined(separator: " ")
    case .unsupported(_, _, let formats):
      "the supported formats are " + formats.map(\.description).joined(separator: " ")
    case .notAtomic, .notConnected, .noCRTC, .noWriteback: nil
    }
  }

  static func hint(for error: CommitRefused) -> String? {
    switch error.part {
    case .mode: "the kernel also refuses the mode alone"
    case .plane: "the kernel accepts the mode alone; the plane refuses the buffer"
    case .writeback: "the kernel accepts the commit without the writeback"
    case nil: nil
    }
  }

  /// The DRM master of the device.
  private static func master(_ path: String) -> String {
    let clients = (try? DisplayDebugFiles(of: DRMNode(path)).clients()) ?? []
    guard let master = clients.first(where: \.isMaster) else { return users(path) }
    return "\(Units.process(master.command, master.pid)) is DRM master of \(path)"
  }

  /// The processes that have the node open.
  static func users(_ path: String) -> String {
    let found = NodeUsers(of: path)
    let names = found.users.map { Units.process($0.command, $0.pid) }
    if !names.isEmpty { return "\(path) is open in " + names.joined(separator: " ") }
    return found.refused.isEmpty
      ? "no process that can be read has \(path) open"
      : "the processes that have \(path) open are unknown: " + Advice.unreadable(found.refused)
  }

  private static func renderNode(_ path: String) -> String? {
    guard let primary = (try? DRMNode(path))?.primaryPath, primary != path else { return nil }
    return "render nodes do not allocate dumb buffers; use the primary node \(primary)"
  }
}

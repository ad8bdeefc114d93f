// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// A device as the user types it.
enum DeviceReference: Hashable, Sendable {
  /// A node's path.
  case path(String)
  /// `drm:NAME`: the driver, or the node's name in /dev/dri.
  case drm(String)
  /// `v4l2:NAME`: the driver, or the kernel's name of the node.
  case v4l2(String)

  init(_ text: String) throws {
    guard let reference = Self.parse(text) else {
      throw ValidationError("a device is a path such as /dev/video0, drm:NAME or v4l2:NAME")
    }
    self = reference
  }

  /// Parses a device. Returns `nil` for other text, which may be a buffer.
  static func parse(_ text: String) -> DeviceReference? {
    if text.hasSlash, !text.hasPrefix("drm:"), !text.hasPrefix("v4l2:") { return .path(text) }
    let parts = text.split(scalar: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else { return nil }
    return switch parts[0] {
    case "drm": .drm(parts[1])
    case "v4l2": .v4l2(parts[1])
    default: nil
    }
  }

  /// Finds the node. If a DRM device has several, `primary` chooses the node that can create dumb buffers and drive
  /// displays.
  func resolve(primary: Bool) throws -> Device {
    switch self {
    case .path(let path):
      guard let subsystem = try DeviceSubsystem.of(path) else {
        throw Failure(
          "\(path) is neither a DRM nor a V4L2 device", hint: "dmabuf devices lists the devices of this machine")
      }
      return Device(FoundNode(path), subsystem)
    case .drm(let name):
      return Device(try DRMNode.find(name, primary: primary), .drm)
    case .v4l2(let name):
      return Device(try V4L2Node.find(name), .v4l2)
    }
  }
}

extension DeviceReference: CustomStringConvertible {
  var description: String {
    switch self {
    case .path(let path): path
    case .drm(let name): "drm:\(name)"
    case .v4l2(let name): "v4l2:\(name)"
    }
  }
}

/// An existing device node.
struct Device: Hashable {
  let node: FoundNode
  let subsystem: DeviceSubsystem

  init(_ node: FoundNode, _ subsystem: DeviceSubsystem) {
    self.node = node
    self.subsystem = subsystem
  }

  var path: String { node.path }

  static func all() throws -> [Device] {
    try DRMNode.paths().map { Device(FoundNode($0), .drm) }
      + V4L2Node.paths().map { Device(FoundNode($0), .v4l2) }
  }
}

extension BufferSource {
  init(argument text: String) throws {
    guard let source = BufferSource(text) else {
      throw ValidationError(
        "a source is heap:NAME, heap:cma, udmabuf, udmabuf:PAGESIZE, drm:NODE, or a path such as /dev/dma_heap/system"
      )
    }
    self = source
  }
}

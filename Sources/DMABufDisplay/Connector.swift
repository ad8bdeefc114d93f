// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc

/// A mode of a display: its size and timing.
public struct DisplayMode: Equatable, Sendable {
  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  /// Frames per second.
  public let refresh: Int
  /// The kernel's structure (`drm_mode_modeinfo`), as a blob of the property MODE_ID.
  let bytes: [UInt8]

  init(_ mode: drmModeModeInfo) {
    width = Int(mode.hdisplay)
    height = Int(mode.vdisplay)
    refresh = Int(mode.vrefresh)
    bytes = unsafe withUnsafeBytes(of: mode) { unsafe Array($0) }
  }
}

extension DisplayMode: CustomStringConvertible {
  /// `1024x768`.
  public var description: String { "\(width)x\(height)" }
}

/// A connector of a display device: the plug of a monitor, or a writeback engine.
public struct Connector: Equatable, Sendable {
  /// The id in the device.
  public let id: UInt32
  /// The name as in `/sys/class/drm`, such as `HDMI-A-1`.
  public let name: String
  /// Whether a monitor is connected. A writeback connector never has one.
  public let isConnected: Bool
  /// Whether the connector writes what its CRTC shows into a framebuffer.
  public let isWriteback: Bool
  /// The modes of the monitor, the preferred one first.
  public let modes: [DisplayMode]
  /// The CRTC that drives the connector; `nil` if it is off.
  public let crtc: UInt32?
  /// The CRTCs that can drive the connector.
  public let possibleCRTCs: [UInt32]
}

extension DRMNode {
  /// The connectors of the device, writeback connectors included.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_GETRESOURCES` and `DRM_IOCTL_MODE_GETCONNECTOR`. Throws `EOPNOTSUPP` when the
  /// device has no displays.
  public func connectors() throws(KernelError) -> [Connector] {
    drmSetClientCap(descriptorNumber, UInt64(DRM_CLIENT_CAP_ATOMIC), 1)
    // Without this capability the kernel hides these connectors. It needs the capability above.
    drmSetClientCap(descriptorNumber, UInt64(DRM_CLIENT_CAP_WRITEBACK_CONNECTORS), 1)
    guard let found = unsafe drmModeGetResources(descriptorNumber) else {
      throw KernelError(.DRM_IOCTL_MODE_GETRESOURCES, on: path)
    }
    defer { unsafe drmModeFreeResources(found) }
    let crtcs = try crtcs()
    var connectors: [Connector] = []
    for index in unsafe 0..<Int(found.pointee.count_connectors) {
      connectors.append(try connector(unsafe found.pointee.connectors[index], crtcs))
    }
    return connectors
  }

  private func connector(_ id: UInt32, _ crtcs: [UInt32]) throws(KernelError) -> Connector {
    guard let found = unsafe drmModeGetConnector(descriptorNumber, id) else {
      throw KernelError(.DRM_IOCTL_MODE_GETCONNECTOR, on: path)
    }
    defer { unsafe drmModeFreeConnector(found) }
    let type = unsafe found.pointee.connector_type
    let kind = unsafe drmModeGetConnectorTypeName(type).map { unsafe String(cString: $0) } ?? "Unknown"
    let mask = unsafe drmModeConnectorGetPossibleCrtcs(descriptorNumber, found)
    let crtc = UInt32(truncatingIfNeeded: try ObjectProperties(of: id, .connector, on: self)["CRTC_ID"]?.value ?? 0)
    return Connector(
      id: id, name: "\(kind)-\(unsafe found.pointee.connector_type_id)",
      isConnected: unsafe found.pointee.connection == DRM_MODE_CONNECTED,
      isWriteback: type == UInt32(DRM_MODE_CONNECTOR_WRITEBACK),
      modes: unsafe (0..<Int(found.pointee.count_modes)).map { unsafe DisplayMode(found.pointee.modes[$0]) },
      crtc: crtc == 0 ? nil : crtc,
      possibleCRTCs: Self.chosen(crtcs, by: mask))
  }
}

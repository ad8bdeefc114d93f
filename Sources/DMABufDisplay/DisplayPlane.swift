// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc

/// A plane of a display device: the layer of a CRTC that shows one framebuffer.
public struct DisplayPlane: Equatable, Sendable {
  /// The purpose of a plane.
  public enum Kind: String, Sendable {
    /// The plane that covers the display.
    case primary
    /// A plane above or below the primary plane.
    case overlay
    /// A small plane for the pointer.
    case cursor
  }

  /// The id in the device.
  public let id: UInt32
  /// The purpose; `nil` if the driver reports none.
  public let kind: Kind?
  /// The CRTC that scans out the plane; `nil` if the plane is off.
  public let crtc: UInt32?
  /// The id of the framebuffer; `nil` if the plane is off.
  public let framebuffer: UInt32?
  /// The ids of the CRTCs that can scan out the plane.
  public let possibleCRTCs: [UInt32]
  /// The place on the display, in pixels; `nil` if the plane is off, or the driver is not atomic and reports none.
  public let area: Area?

  /// A rectangle on a display, in pixels. A part of it may be outside of the display.
  public struct Area: Equatable, Sendable {
    /// Distance from the left.
    public let x: Int
    /// Distance from the top.
    public let y: Int
    /// Width, after scaling.
    public let width: Int
    /// Height, after scaling.
    public let height: Int
  }
}

extension DRMNode {
  /// The planes of the device, in the kernel's order.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_GETPLANERESOURCES`, `DRM_IOCTL_MODE_GETPLANE` and
  /// `DRM_IOCTL_MODE_OBJ_GETPROPERTIES`. Throws `EOPNOTSUPP` when the device has no displays, and `EACCES` on render
  /// nodes.
  public func displayPlanes() throws(KernelError) -> [DisplayPlane] {
    // Without these capabilities the kernel lists overlay planes only, and no position. They apply to this open file.
    drmSetClientCap(descriptorNumber, UInt64(DRM_CLIENT_CAP_UNIVERSAL_PLANES), 1)
    drmSetClientCap(descriptorNumber, UInt64(DRM_CLIENT_CAP_ATOMIC), 1)
    guard let list = unsafe drmModeGetPlaneResources(descriptorNumber) else {
      throw KernelError(.DRM_IOCTL_MODE_GETPLANERESOURCES, on: path)
    }
    defer { unsafe drmModeFreePlaneResources(list) }
    let crtcs = try crtcs()
    var planes: [DisplayPlane] = []
    for index in unsafe 0..<Int(list.pointee.count_planes) {
      planes.append(try displayPlane(unsafe list.pointee.planes[index], crtcs))
    }
    return planes
  }

  private func displayPlane(_ id: UInt32, _ crtcs: [UInt32]) throws(KernelError) -> DisplayPlane {
    guard let plane = unsafe drmModeGetPlane(descriptorNumber, id) else {
      throw KernelError(.DRM_IOCTL_MODE_GETPLANE, on: path)
    }
    defer { unsafe drmModeFreePlane(plane) }
    let properties = try ObjectProperties(of: id, .plane, on: self)
    let (crtc, framebuffer) = unsafe (plane.pointee.crtc_id, plane.pointee.fb_id)
    var area: DisplayPlane.Area?
    if framebuffer != 0, let x = properties.signed("CRTC_X"), let y = properties.signed("CRTC_Y"),
      let width = properties.signed("CRTC_W"), let height = properties.signed("CRTC_H")
    {
      area = DisplayPlane.Area(x: x, y: y, width: width, height: height)
    }
    return DisplayPlane(
      id: id, kind: properties["type"].flatMap { DisplayPlane.Kind(number: $0.value) },
      crtc: crtc == 0 ? nil : crtc, framebuffer: framebuffer == 0 ? nil : framebuffer,
      possibleCRTCs: Self.chosen(crtcs, by: unsafe plane.pointee.possible_crtcs), area: area)
  }

  /// The ids of the device's CRTCs, in the order of the bits in masks.
  func crtcs() throws(KernelError) -> [UInt32] {
    guard let found = unsafe drmModeGetResources(descriptorNumber) else {
      throw KernelError(.DRM_IOCTL_MODE_GETRESOURCES, on: path)
    }
    defer { unsafe drmModeFreeResources(found) }
    return unsafe (0..<Int(found.pointee.count_crtcs)).map { unsafe found.pointee.crtcs[$0] }
  }

  static func chosen(_ crtcs: [UInt32], by mask: UInt32) -> [UInt32] {
    crtcs.enumerated().filter { $0.offset < 32 && mask >> UInt32($0.offset) & 1 != 0 }.map(\.element)
  }
}

extension DisplayPlane.Kind {
  init?(number: UInt64) {
    switch number {
    case UInt64(DRM_PLANE_TYPE_PRIMARY): self = .primary
    case UInt64(DRM_PLANE_TYPE_OVERLAY): self = .overlay
    case UInt64(DRM_PLANE_TYPE_CURSOR): self = .cursor
    default: return nil
    }
  }
}

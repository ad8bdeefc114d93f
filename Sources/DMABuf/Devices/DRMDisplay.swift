// SPDX-License-Identifier: MIT
internal import CLibDRM
import Glibc

/// The layout of an image in a buffer that a display shows.
public struct FramebufferLayout: Equatable, Sendable {
  /// One plane of the image. All numbers are in bytes.
  public struct Plane: Equatable, Sendable {
    /// Offset from the buffer's start, in bytes.
    public let offset: Int
    /// Distance from one line to the next, in bytes.
    public let stride: Int
    /// Size of the plane, in bytes.
    public let size: Int

    /// Creates a plane.
    public init(offset: Int, stride: Int, size: Int) {
      self.offset = offset
      self.stride = stride
      self.size = size
    }
  }

  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  /// The DRM format of `drm_fourcc.h`.
  public let format: FourCC
  /// The tiling or compression of the pixels; `nil` lets the driver choose.
  public let modifier: UInt64?
  /// The planes, at most four.
  public let planes: [Plane]
  /// The smallest buffer that holds the image, in bytes.
  public var size: Int { planes.map { $0.offset + $0.size }.max() ?? 0 }

  /// Creates a layout.
  public init(width: Int, height: Int, format: FourCC, modifier: UInt64?, planes: [Plane]) {
    self.width = width
    self.height = height
    self.format = format
    self.modifier = modifier
    self.planes = planes
  }
}

/// The limits of a display device.
public struct DisplayLimits: Equatable, Sendable {
  /// Range of framebuffer widths in pixels.
  public let widths: ClosedRange<Int>
  /// Range of framebuffer heights in pixels.
  public let heights: ClosedRange<Int>
  /// The number of outputs, connected or not.
  public let connectors: Int
  /// The formats that at least one of the device's planes can show.
  public let formats: [FourCC]
}

extension DRMNode {
  /// The limits of the device's displays; `nil` when the device has no displays, and for a render node.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_GETRESOURCES` and `DRM_IOCTL_MODE_GETPLANE`.
  public func displayLimits() -> DisplayLimits? {
    guard !isRender, let resources = unsafe drmModeGetResources(file.descriptor.rawValue) else { return nil }
    defer { unsafe drmModeFreeResources(resources) }
    let found = unsafe resources.pointee
    return unsafe DisplayLimits(
      widths: Int(found.min_width)...max(Int(found.min_width), Int(found.max_width)),
      heights: Int(found.min_height)...max(Int(found.min_height), Int(found.max_height)),
      connectors: Int(found.count_connectors), formats: planeFormats())
  }

  private func planeFormats() -> [FourCC] {
    // Without this capability the kernel lists overlay planes only. The capability applies to this open file alone.
    drmSetClientCap(file.descriptor.rawValue, UInt64(DRM_CLIENT_CAP_UNIVERSAL_PLANES), 1)
    guard let list = unsafe drmModeGetPlaneResources(file.descriptor.rawValue) else { return [] }
    defer { unsafe drmModeFreePlaneResources(list) }
    var formats: Set<FourCC> = []
    for index in unsafe 0..<Int(list.pointee.count_planes) {
      guard let plane = unsafe drmModeGetPlane(file.descriptor.rawValue, list.pointee.planes[index]) else { continue }
      defer { unsafe drmModeFreePlane(plane) }
      let count = unsafe Int(plane.pointee.count_formats)
      formats.formUnion((0..<count).map { unsafe FourCC(rawValue: plane.pointee.formats[$0]) })
    }
    return formats.sorted { "\($0)" < "\($1)" }
  }

  /// Creates a framebuffer from imported buffers and removes it again, to probe whether the display accepts them.
  /// `handles` is one handle for all planes, or one for each plane.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_ADDFB2` and `DRM_IOCTL_MODE_RMFB`. Throws `EINVAL` for a format, modifier or size
  /// that the device does not support or that does not fit the buffer, `EOPNOTSUPP` when the device has no displays,
  /// `EACCES` on render nodes.
  public func tryFramebuffer(_ layout: FramebufferLayout, handles: [UInt32]) throws(KernelError) {
    _ = drmModeRmFB(file.descriptor.rawValue, try addFramebuffer(layout, handles: handles))
  }

  package func addFramebuffer(_ layout: FramebufferLayout, handles given: [UInt32]) throws(KernelError) -> UInt32 {
    var handles = [UInt32](repeating: 0, count: 4)
    var strides = [UInt32](repeating: 0, count: 4)
    var offsets = [UInt32](repeating: 0, count: 4)
    var modifiers = [UInt64](repeating: 0, count: 4)
    for (index, plane) in layout.planes.prefix(4).enumerated() {
      handles[index] = given[min(index, given.count - 1)]
      strides[index] = UInt32(clamping: plane.stride)
      offsets[index] = UInt32(clamping: plane.offset)
      modifiers[index] = layout.modifier ?? 0
    }
    var framebuffer: UInt32 = 0
    let flags = layout.modifier == nil ? 0 : UInt32(DRM_MODE_FB_MODIFIERS)
    try call(.DRM_IOCTL_MODE_ADDFB2) {
      unsafe drmModeAddFB2WithModifiers(
        $0, UInt32(clamping: layout.width), UInt32(clamping: layout.height), layout.format.rawValue, handles,
        strides, offsets, layout.modifier == nil ? nil : modifiers, &framebuffer, flags)
    }
    return framebuffer
  }

  /// The name of a modifier in `drm_fourcc.h`, such as `LINEAR`; `nil` for an unknown modifier.
  public static func name(ofModifier modifier: UInt64) -> String? {
    guard let name = unsafe drmGetFormatModifierName(modifier) else { return nil }
    defer { unsafe free(name) }
    return unsafe String(cString: name)
  }
}

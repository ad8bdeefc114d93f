// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc

/// A framebuffer of a display device, as the kernel reports it.
public struct Framebuffer: Equatable, Sendable {
  /// One plane of the image. All numbers are in bytes.
  public struct Plane: Equatable, Sendable {
    /// The index of the buffer with the plane; `nil` if it was not exported.
    public let buffer: Int?
    /// Offset from the buffer's start.
    public let offset: Int
    /// Distance from one line to the next.
    public let stride: Int
  }

  /// The id in the device.
  public let id: UInt32
  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  /// The DRM format of `drm_fourcc.h`.
  public let format: FourCC
  /// The tiling or compression of the pixels; `nil` if the creator of the framebuffer set none.
  public let modifier: UInt64?
  /// The planes of the image, at most four.
  public let planes: [Plane]
  /// The kernel's refusal to export a buffer. Without one, buffers are missing if this process has neither
  /// `CAP_SYS_ADMIN` nor is DRM master.
  public let refusal: KernelError?

  /// Whether the buffers were exported.
  public var isExported: Bool { planes.allSatisfy { $0.buffer != nil } }
}

extension DRMNode {
  /// Reads a framebuffer and exports its buffers, each once. `receive` gets them in the order of their indices.
  ///
  /// The kernel keeps the dma-buf of an exported buffer until the creator of the framebuffer closes its handle.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_GETFB2` and `DRM_IOCTL_PRIME_HANDLE_TO_FD`. Throws `ENOENT` when the framebuffer
  /// has been removed meanwhile.
  public func exportFramebuffer(
    _ id: UInt32, _ receive: (consuming DMABuffer) throws -> Void
  ) throws -> Framebuffer {
    guard let found = unsafe drmModeGetFB2(descriptorNumber, id) else {
      throw KernelError(.DRM_IOCTL_MODE_GETFB2, on: path)
    }
    defer { unsafe drmModeFreeFB2(found) }
    let answer = unsafe found.pointee
    let handles = Self.elements(answer.handles)
    let (strides, offsets) = (Self.elements(answer.pitches), Self.elements(answer.offsets))
    // Planes in the same buffer have the same handle, which can be closed only once.
    var unique: [UInt32] = []
    for handle in handles where handle != 0 && !unique.contains(handle) { unique.append(handle) }
    defer { for handle in unique { close(handle) } }
    // The first export of a buffer sets the access mode of all later ones, those of its creator included. A read-only
    // export would take away the creator's right to write.
    var exported: [UInt32] = []
    var refusal: KernelError?
    do {
      for handle in unique {
        try receive(export(handle))
        exported.append(handle)
      }
    } catch let error as KernelError where error.call == .DRM_IOCTL_PRIME_HANDLE_TO_FD {
      refusal = error
    }
    let count = strides.prefix { $0 != 0 }.count
    let hasModifier = answer.flags & UInt32(DRM_MODE_FB_MODIFIERS) != 0
    return Framebuffer(
      id: id, width: Int(answer.width), height: Int(answer.height), format: FourCC(rawValue: answer.pixel_format),
      modifier: hasModifier ? answer.modifier : nil,
      planes: (0..<count).map {
        .init(buffer: exported.firstIndex(of: handles[$0]), offset: Int(offsets[$0]), stride: Int(strides[$0]))
      }, refusal: refusal)
  }

  private static func elements(_ four: (UInt32, UInt32, UInt32, UInt32)) -> [UInt32] {
    [four.0, four.1, four.2, four.3]
  }
}

// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc

/// A format that a plane shows, and the modifiers that it shows in this format.
public struct PlaneFormat: Equatable, Sendable {
  /// The DRM format.
  public let format: FourCC
  /// The modifiers, in the driver's order. `nil` if the driver reports none, and chooses them itself.
  public let modifiers: [UInt64]?
}

extension DRMNode {
  /// The formats of a plane, in the driver's order.
  ///
  /// Corresponds to the property `IN_FORMATS`, and to `DRM_IOCTL_MODE_GETPLANE` for drivers without it.
  public func formats(ofPlane id: UInt32) throws(KernelError) -> [PlaneFormat] {
    let properties = try ObjectProperties(of: id, .plane, on: self)
    if let blob = properties["IN_FORMATS"].flatMap({ UInt32(exactly: $0.value) }), blob != 0,
      let formats = PlaneFormat.list(parsing: try PropertyBlob.bytes(of: blob, on: self))
    {
      return formats
    }
    return try planeFormats(id).map { PlaneFormat(format: $0, modifiers: nil) }
  }

  func planeFormats(_ id: UInt32) throws(KernelError) -> [FourCC] {
    guard let plane = unsafe drmModeGetPlane(descriptorNumber, id) else {
      throw KernelError(.DRM_IOCTL_MODE_GETPLANE, on: path)
    }
    defer { unsafe drmModeFreePlane(plane) }
    return unsafe (0..<Int(plane.pointee.count_formats)).map { unsafe FourCC(rawValue: plane.pointee.formats[$0]) }
  }
}

extension PlaneFormat {
  /// Parses a `struct drm_format_modifier_blob`: a header, formats, and modifiers with a mask of 64 formats each.
  /// Returns `nil` for other bytes.
  static func list(parsing bytes: [UInt8]) -> [PlaneFormat]? {
    func number(_ start: Int, _ count: Int) -> UInt64 {
      bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard bytes.count >= 24, number(0, 4) == UInt64(FORMAT_BLOB_CURRENT) else { return nil }
    let (formats, formatsStart) = (Int(number(8, 4)), Int(number(12, 4)))
    let (modifiers, modifiersStart) = (Int(number(16, 4)), Int(number(20, 4)))
    // The numbers have 32 bits, so the sums do not overflow.
    guard formatsStart + 4 * formats <= bytes.count, modifiersStart + 24 * modifiers <= bytes.count else {
      return nil
    }
    var found: [[UInt64]] = Array(repeating: [], count: formats)
    for index in 0..<modifiers {
      let start = modifiersStart + 24 * index
      let (mask, first, modifier) = (number(start, 8), Int(number(start + 8, 4)), number(start + 16, 8))
      for bit in 0..<64 where mask >> UInt64(bit) & 1 != 0 && first + bit < formats {
        found[first + bit].append(modifier)
      }
    }
    return found.enumerated().map { index, modifiers in
      PlaneFormat(
        format: FourCC(rawValue: UInt32(number(formatsStart + 4 * index, 4))),
        modifiers: modifiers.isEmpty ? nil : modifiers)
    }
  }
}

// SPDX-License-Identifier: MIT
/// The layout of an image in a buffer: its size, its format, and the place of each plane.
///
/// Corresponds to `struct drm_mode_fb_cmd2` and `struct v4l2_pix_format_mplane`, with all planes in one buffer.
public struct ImageLayout: Hashable, Sendable {
  /// The place of a plane.
  public struct Plane: Hashable, Sendable, Encodable {
    /// Where the plane begins in the buffer, in bytes.
    public let offset: Int
    /// The bytes from the start of one line to the start of the next.
    public let stride: Int
    /// The bytes of all lines with their padding.
    public let size: Int

    /// Creates a place. Nothing is checked before an ``ImageLayout`` is created.
    public init(offset: Int, stride: Int, size: Int) {
      (self.offset, self.stride, self.size) = (offset, stride, size)
    }
  }

  /// What a device requires: multiples, each 1 or more.
  public struct Alignment: Hashable, Sendable {
    /// The number of bytes of which the stride of plane 0 is a multiple.
    public let stride: Int
    /// The number of pixels of which the height that planes have lines for is a multiple.
    public let height: Int

    /// Creates an alignment.
    public init(stride: Int, height: Int = 1) { (self.stride, self.height) = (stride, height) }
  }

  /// Pixels of a line.
  public let width: Int
  /// Lines of pixels.
  public let height: Int
  /// The pixel format.
  public let format: PixelFormat
  /// The modifier. `nil` if none was given. The places of planes are those of a linear image in any case.
  public let modifier: FormatModifier?
  /// The places of the format's planes, in their order.
  public let planes: [Plane]
  /// The end of the last plane: the bytes of a buffer for the image.
  public let size: Int
  /// The end of the last line without its padding: the bytes that a buffer must have.
  public let leastSize: Int

  /// Computes the places of planes.
  ///
  /// - `strides`: none, for lines without padding; one for plane 0, which the others follow in proportion; or one for
  ///   each plane.
  /// - `offsets`: none, or one for plane 0, for planes without gaps; or one for each plane.
  /// - `alignment`: applies to strides and offsets that are computed.
  ///
  /// A side that is not a multiple of the subsampling counts as the next multiple. Throws ``ImageLayoutError``.
  public init(
    width: Int, height: Int, format: PixelFormat, modifier: FormatModifier? = nil, strides: [Int] = [],
    offsets: [Int] = [], alignment: Alignment = Alignment(stride: 1)
  ) throws(ImageLayoutError) {
    let count = format.planes.count
    guard width > 0, height > 0 else { throw .noPixels }
    guard count > 0 else { throw .unknownSize(format) }
    guard alignment.stride > 0, alignment.height > 0 else { throw .noAlignment }
    guard [0, 1, count].contains(strides.count) else { throw .count(of: "strides", strides.count, planes: count) }
    guard [0, 1, count].contains(offsets.count) else { throw .count(of: "offsets", offsets.count, planes: count) }

    var planes: [Plane] = []
    let padded = try Self.roundedUp(height, to: alignment.height)
    for (index, plane) in format.planes.enumerated() {
      let line = try Self.line(plane, width: width)
      let stride: Int
      if index < strides.count {
        stride = strides[index]
      } else if let first = planes.first, first.stride > (try Self.line(format.planes[0], width: width)) {
        stride = max(line, try Self.stride(plane, along: first.stride, of: format.planes[0]))
      } else if !planes.isEmpty {
        stride = line
      } else {
        stride = try Self.roundedUp(line, to: alignment.stride)
      }
      let offset =
        if index < offsets.count { offsets[index] } else if let last = planes.last { try last.end() } else { 0 }
      guard stride > 0 else { throw .shortStride(plane: index, stride, line: line) }
      let size = try checked(stride.multipliedReportingOverflow(by: Self.lines(plane, height: padded)))
      planes.append(Plane(offset: offset, stride: stride, size: size))
    }
    try self.init(width: width, height: height, format: format, modifier: modifier, planes: planes)
  }

  /// Creates a layout from the places of all planes. Throws ``ImageLayoutError`` if a place does not fit the image.
  public init(
    width: Int, height: Int, format: PixelFormat, modifier: FormatModifier?, planes: [Plane]
  ) throws(ImageLayoutError) {
    guard width > 0, height > 0 else { throw .noPixels }
    guard !format.planes.isEmpty else { throw .unknownSize(format) }
    guard planes.count == format.planes.count else {
      throw .count(of: "planes", planes.count, planes: format.planes.count)
    }
    var (size, leastSize) = (0, 0)
    var ranges: [Range<Int>] = []
    for (index, (place, plane)) in zip(planes, format.planes).enumerated() {
      let line = try Self.line(plane, width: width)
      guard place.offset >= 0 else { throw .negativeOffset(plane: index) }
      guard place.stride >= line else { throw .shortStride(plane: index, place.stride, line: line) }
      let above = try checked(place.stride.multipliedReportingOverflow(by: Self.lines(plane, height: height) - 1))
      let used = try checked(above.addingReportingOverflow(line))
      guard place.size >= used else { throw .shortPlane(plane: index, place.size, used: used) }
      let end = try checked(place.offset.addingReportingOverflow(used))
      if let other = ranges.firstIndex(where: { $0.overlaps(place.offset..<end) }) { throw .overlap(other, index) }
      ranges.append(place.offset..<end)
      leastSize = max(leastSize, end)
      size = max(size, try place.end())
    }
    (self.width, self.height, self.format, self.modifier) = (width, height, format, modifier)
    (self.planes, self.size, self.leastSize) = (planes, size, leastSize)
  }

  /// Whether the pixels are lines one after the other: no other modifier, and no format that is always tiled.
  public var isLinear: Bool { !format.isOpaque && (modifier == nil || modifier == .linear || modifier == .invalid) }
}

// MARK: - Arithmetic

extension ImageLayout.Plane {
  fileprivate func end() throws(ImageLayoutError) -> Int { try checked(offset.addingReportingOverflow(size)) }
}

private func checked(_ result: (partialValue: Int, overflow: Bool)) throws(ImageLayoutError) -> Int {
  guard !result.overflow else { throw .tooLarge }
  return result.partialValue
}

extension ImageLayout {
  /// The bytes of a line without padding.
  static func line(_ plane: PixelFormat.Plane, width: Int) throws(ImageLayoutError) -> Int {
    try checked(blocks(width, plane.width).multipliedReportingOverflow(by: plane.bytes))
  }

  /// The lines of blocks.
  static func lines(_ plane: PixelFormat.Plane, height: Int) -> Int { blocks(height, plane.height) }

  private static func blocks(_ pixels: Int, _ side: Int) -> Int { (pixels - 1) / side + 1 }

  private static func roundedUp(_ count: Int, to multiple: Int) throws(ImageLayoutError) -> Int {
    try checked(blocks(count, multiple).multipliedReportingOverflow(by: multiple))
  }

  /// The stride of a plane for as many pixels as another plane's stride is for.
  private static func stride(
    _ plane: PixelFormat.Plane, along stride: Int, of other: PixelFormat.Plane
  ) throws(ImageLayoutError) -> Int {
    let product = try checked(stride.multipliedReportingOverflow(by: plane.bytes * other.width))
    return try roundedUp(product, to: other.bytes * plane.width) / (other.bytes * plane.width)
  }
}

// SPDX-License-Identifier: MIT
/// A YUV4MPEG2 stream (`.y4m`): the planes of YUV images as they are, which video tools read.
///
/// The samples are copied, not converted. Each line of samples is without padding, and each channel in a plane of its
/// own.
public struct YUV4MPEG2: Sendable {
  private let layout: ImageLayout
  private let planes: [(component: PixelFormat.Component, plane: PixelFormat.Plane, place: ImageLayout.Plane)]

  /// The header of the stream, before its frames.
  public let header: [UInt8]

  /// Prepares a stream of images with `rate` frames per second, a fraction.
  ///
  /// Formats have 8 bits for each sample, and are 4:2:0, 4:2:2, 4:4:4 or grey. Throws
  /// ``PictureError/notInStream(_:)`` for other formats, and ``PictureError/notLinear(_:)``.
  public init(
    _ layout: ImageLayout, colours: ColourSpace? = nil, rate: (numerator: Int, denominator: Int) = (25, 1)
  ) throws(PictureError) {
    let format = layout.format
    guard !format.isOpaque else { throw .opaque(format) }
    if let modifier = layout.modifier, !layout.isLinear { throw .notLinear(modifier) }
    let space =
      switch (format.isYUV, format.subsampling) {
      case (true, (2, 2)): "420"
      case (true, (2, 1)): "422"
      case (true, (1, 1)): "444"
      case (false, _) where format.channels == [.y]: "mono"
      default: throw .notInStream(format)
      }
    planes = zip(layout.planes, format.planes).flatMap { place, plane in
      plane.components.filter { $0.channel != .a }.map { ($0, plane, place) }
    }.sorted { Self.order($0.0) < Self.order($1.0) }
    guard !format.isBigEndian, planes.allSatisfy({ $0.component.bits == 8 }),
      planes.allSatisfy({ $0.component.positions.allSatisfy { $0 % 8 == 0 } })
    else { throw .notInStream(format) }
    self.layout = layout
    let range = (colours ?? ColourSpace(defaultFor: layout)).range == .limited ? "LIMITED" : "FULL"
    header = Array(
      """
      YUV4MPEG2 W\(layout.width) H\(layout.height) F\(rate.numerator):\(rate.denominator) Ip A1:1 \
      C\(space) XCOLORRANGE=\(range)\n
      """.utf8)
  }

  private static func order(_ component: PixelFormat.Component) -> Int {
    [.y, .u, .v].firstIndex(of: component.channel) ?? 3
  }

  /// A frame with its own header. Never reads outside `bytes`. Throws ``PictureError/tooShort(bytes:needed:)``.
  public func frame(_ bytes: RawSpan) throws(PictureError) -> [UInt8] {
    guard bytes.byteCount >= layout.leastSize else {
      throw .tooShort(bytes: bytes.byteCount, needed: layout.leastSize)
    }
    var frame = Array("FRAME\n".utf8)
    frame.reserveCapacity(frame.count + layout.width * layout.height * 3)
    unsafe bytes.withUnsafeBytes { memory in
      for (component, plane, place) in planes {
        for line in 0..<(layout.height - 1) / component.height + 1 {
          unsafe append(component, plane, place, line: line, of: memory, to: &frame)
        }
      }
    }
    return frame
  }

  @unsafe private func append(
    _ component: PixelFormat.Component, _ plane: PixelFormat.Plane, _ place: ImageLayout.Plane, line: Int,
    of memory: UnsafeRawBufferPointer, to frame: inout [UInt8]
  ) {
    let y = line * component.height
    var block = place.offset + y / plane.height * place.stride
    let count = (layout.width - 1) / component.width + 1
    let perLine = plane.width / component.width
    let positions = component.positions[(y % plane.height / component.height * perLine)...].prefix(perLine)
    if plane.bytes == 1 {
      unsafe frame += memory[block..<block + count]
      return
    }
    let samples = unsafe [UInt8](unsafeUninitializedCapacity: count) { samples, initialized in
      while initialized < count {
        for position in positions where initialized < count {
          unsafe samples[initialized] = memory[block + position / 8]
          initialized += 1
        }
        block += plane.bytes
      }
    }
    frame += samples
  }
}

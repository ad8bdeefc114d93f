// SPDX-License-Identifier: MIT
import DMABufImage

/// An image in reports.
struct ImageDescription: Encodable {
  let width: Int
  let height: Int
  let format: String
  @Nullable var modifier: String?
  let planes: [ImageLayout.Plane]

  init(_ layout: ImageLayout) {
    (width, height) = (layout.width, layout.height)
    format = layout.format.name
    modifier = layout.modifier.map { "\($0)" }
    planes = layout.planes
  }

  /// A line with size and format, and a table of the planes. `needed` is the number of bytes that a driver needs.
  func lines(style: Style, needed: Int? = nil) -> [String] {
    var table = Table(
      .init("PLANE", .right), .init("OFFSET", .right), .init("STRIDE", .right), .init("BYTES", .right))
    table.rows = planes.enumerated().map { index, plane in
      ["\(index)", "\(plane.offset)", "\(plane.stride)", "\(plane.size)"]
    }
    let modifier = modifier.map { " \($0)" } ?? ""
    let size = needed.map { ", sizeimage \($0)" } ?? ""
    return ["\(width)x\(height) \(format)\(modifier)\(size):"] + table.lines(style: style)
  }
}

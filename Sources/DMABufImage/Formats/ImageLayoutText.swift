// SPDX-License-Identifier: MIT
extension ImageLayout: LosslessStringConvertible {
  /// `WIDTHxHEIGHT:FORMAT[:MODIFIER];STRIDE/…;OFFSET/…[;SIZE/…]`, such as `1920x1080:NV12;2048/2048;0/2211840`,
  /// without commas. The sizes of planes are omitted if planes have no lines below the image.
  public var description: String {
    let modifier = modifier.map { ":0x" + String($0.rawValue, radix: 16) } ?? ""
    var lists = [planes.map(\.stride), planes.map(\.offset)]
    if planes != tightPlanes { lists.append(planes.map(\.size)) }
    return (["\(width)x\(height):\(format)\(modifier)"] + lists.map { $0.map { "\($0)" }.joined(separator: "/") })
      .joined(separator: ";")
  }

  /// Parses a description. Returns `nil` for other text, and for a layout that is impossible.
  public init?(_ description: String) {
    let parts = description.split(separator: ";", omittingEmptySubsequences: false)
    guard 3...4 ~= parts.count else { return nil }
    let image = parts[0].split(separator: ":", omittingEmptySubsequences: false)
    guard 2...3 ~= image.count, let format = PixelFormat(name: image[1]),
      let sides = Self.numbers(image[0], separator: "x"), sides.count == 2,
      let strides = Self.numbers(parts[1]), let offsets = Self.numbers(parts[2]),
      strides.count == format.planes.count, offsets.count == strides.count
    else { return nil }
    var modifier: FormatModifier?
    if image.count == 3 {
      modifier = FormatModifier(image[2])
      if modifier == nil { return nil }
    }
    guard
      let layout = try? ImageLayout(
        width: sides[0], height: sides[1], format: format, modifier: modifier, strides: strides, offsets: offsets)
    else { return nil }
    guard parts.count == 4 else {
      self = layout
      return
    }
    guard let sizes = Self.numbers(parts[3]), sizes.count == strides.count else { return nil }
    let planes = zip(layout.planes, sizes).map { Plane(offset: $0.offset, stride: $0.stride, size: $1) }
    guard
      let layout = try? ImageLayout(
        width: sides[0], height: sides[1], format: format, modifier: modifier, planes: planes)
    else { return nil }
    self = layout
  }

  /// Decimal digits only.
  private static func numbers(_ text: Substring, separator: Character = "/") -> [Int]? {
    let words = text.split(separator: separator, omittingEmptySubsequences: false)
    let numbers = words.compactMap { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int($0) : nil }
    return numbers.count == words.count ? numbers : nil
  }

  /// The planes without lines below the image. A product that overflows is not a size of a plane.
  private var tightPlanes: [Plane] {
    zip(planes, format.planes).map { place, plane in
      Plane(offset: place.offset, stride: place.stride, size: place.stride &* Self.lines(plane, height: height))
    }
  }
}

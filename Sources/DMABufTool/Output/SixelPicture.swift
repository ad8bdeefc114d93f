// SPDX-License-Identifier: MIT
import DMABufImage

/// A picture in sixel graphics: bands of six lines, in which each colour is drawn by itself.
struct SixelPicture {
  private let picture: Picture
  private let palette: Palette

  private enum Palette {
    /// The colours of the picture, with their indices.
    case own([UInt32: UInt8])
    /// Levels of red, green and blue. The colours between them are dithered.
    case levels([Int])
  }

  /// A picture of at most `colours` colours. At least 8 are assumed. Alpha is not shown.
  init(_ picture: Picture, colours: Int = 256) {
    self.picture = picture
    let colours = max(8, min(colours, 256))
    palette = Self.colours(of: picture, atMost: colours).map { .own($0) } ?? .levels(Self.levels(colours))
  }

  /// The bytes for the terminal.
  func encoded() -> [UInt8] {
    // The second parameter: no background is drawn. The raster attributes are square pixels and the size.
    let start = Array("\u{1b}P0;1;0q\"1;1;\(picture.width);\(picture.height)".utf8)
    let bands =
      switch palette {
      case .own(let colours): ownBands(colours)
      case .levels(let levels): ditheredBands(levels)
      }
    return start + bands + [0x1b, UInt8(ascii: "\\")]
  }

  /// The distinct colours of a picture. Returns `nil` if it has more than `limit`.
  private static func colours(of picture: Picture, atMost limit: Int) -> [UInt32: UInt8]? {
    var indices: [UInt32: UInt8] = [:]
    var last: UInt32?
    let pixels = picture.pixels
    for at in stride(from: 0, to: pixels.count, by: 4) {
      let colour = colour(pixels, at)
      guard colour != last else { continue }
      last = colour
      guard indices[colour] == nil else { continue }
      guard indices.count < limit else { return nil }
      indices[colour] = UInt8(indices.count)
    }
    return indices
  }

  @inline(__always)
  private static func colour(_ pixels: [UInt8], _ at: Int) -> UInt32 {
    UInt32(pixels[at]) << 16 | UInt32(pixels[at + 1]) << 8 | UInt32(pixels[at + 2])
  }

  private func ownBands(_ colours: [UInt32: UInt8]) -> [UInt8] {
    let definitions = colours.sorted { $0.value < $1.value }.map { colour, index in
      Self.definition(of: Int(index), [16, 8, 0].map { (Int(colour >> $0 & 255), 255) })
    }
    let pixels = picture.pixels
    var (last, index): (UInt32?, UInt8) = (nil, 0)
    return definitions.joined().utf8
      + bands(colours.count) { at, _, _ in
        let colour = Self.colour(pixels, at)
        if colour != last { (last, index) = (colour, colours[colour] ?? 0) }
        return index
      }
  }

  private func ditheredBands(_ levels: [Int]) -> [UInt8] {
    let definitions = (0..<levels.reduce(1, *)).map { index in
      let (red, rest) = index.quotientAndRemainder(dividingBy: levels[1] * levels[2])
      let places = [red, rest / levels[2], rest % levels[2]]
      return Self.definition(of: index, zip(places, levels).map { ($0, $1 - 1) })
    }
    let tables = levels.indices.map { Self.table(levels, channel: $0) }
    let pixels = picture.pixels
    return definitions.joined().utf8
      + bands(definitions.count) { at, x, y in
        let threshold = Int(Self.thresholds[(y & 7) << 3 | x & 7]) << 8
        let red = tables[0][threshold | Int(pixels[at])]
        let green = tables[1][threshold | Int(pixels[at + 1])]
        let blue = tables[2][threshold | Int(pixels[at + 2])]
        return red &+ green &+ blue
      }
  }

  /// The bands of the picture. `index` returns the colour of the pixel in column `x` of line `y`, whose bytes begin at
  /// `at`.
  private func bands(_ colours: Int, _ index: (_ at: Int, _ x: Int, _ y: Int) -> UInt8) -> [UInt8] {
    var text: [UInt8] = []
    var band = Band(width: picture.width, colours: colours)
    for top in stride(from: 0, to: picture.height, by: 6) {
      if top > 0 { text.append(UInt8(ascii: "-")) }
      for y in top..<min(top + 6, picture.height) {
        for x in 0..<picture.width { band.draw(index((y * picture.width + x) * 4, x, y), x, y - top) }
      }
      band.flush(into: &text)
    }
    return text
  }

  /// `#INDEX;2;RED;GREEN;BLUE` in percent, for red, green and blue as parts of their largest values.
  private static func definition(of index: Int, _ channels: [(value: Int, largest: Int)]) -> String {
    let percents = channels.map { (200 * $0.value / $0.largest + 1) / 2 }
    return "#\(index);2;\(percents[0]);\(percents[1]);\(percents[2])"
  }

  /// The eye sees most levels of green, and fewest of blue: 8 colours grow to 2x3x2, 3x3x2, ... 6x7x6.
  private static func levels(_ colours: Int) -> [Int] {
    var levels = [2, 2, 2]
    var growing = 1
    while levels.reduce(1, *) / levels[growing] * (levels[growing] + 1) <= colours {
      levels[growing] += 1
      growing = [2, 0, 1][growing]
    }
    return levels
  }

  /// The part of a colour's index that a channel adds, for each of 64 thresholds and 256 values. A value between two
  /// levels is the upper one at as many thresholds as it is close to it (ordered dithering).
  private static func table(_ levels: [Int], channel: Int) -> [UInt8] {
    let (steps, factor) = (levels[channel] - 1, levels[(channel + 1)...].reduce(1, *))
    return (0..<64 * 256).map { place in
      let (threshold, value) = place.quotientAndRemainder(dividingBy: 256)
      let level = (value * steps * 64 + threshold * 255) / (255 * 64)
      return UInt8(level * factor)
    }
  }

  /// The thresholds of 8 by 8 pixels (Bayer's matrix): neighbours differ as much as possible.
  private static let thresholds: [UInt8] = (0..<64).map { place in
    let (x, y) = (place & 7, place >> 3)
    var threshold = 0
    for bit in 0..<3 {
      threshold |= ((x ^ y) >> bit & 1) << (5 - 2 * bit)
      threshold |= (y >> bit & 1) << (4 - 2 * bit)
    }
    return UInt8(threshold)
  }
}

/// Six lines of a sixel picture.
private struct Band {
  private let width: Int
  /// For each colour, the columns. Bit N of a column is the pixel in line N.
  private var columns: [UInt8]
  /// For each colour, the columns that are not empty.
  private var used: [Range<Int>]

  init(width: Int, colours: Int) {
    self.width = width
    columns = [UInt8](repeating: 0, count: width * colours)
    used = [Range<Int>](repeating: 0..<0, count: colours)
  }

  mutating func draw(_ colour: UInt8, _ x: Int, _ line: Int) {
    let colour = Int(colour)
    columns[colour * width + x] |= 1 << UInt8(line)
    let before = used[colour]
    if !before.contains(x) {
      used[colour] = before.isEmpty ? x..<(x + 1) : min(before.lowerBound, x)..<max(before.upperBound, x + 1)
    }
  }

  /// Appends the colours, each from the first column on, and empties the band.
  mutating func flush(into text: inout [UInt8]) {
    for colour in used.indices where !used[colour].isEmpty {
      text += "#\(colour)".utf8
      let start = colour * width
      var (column, count) = (UInt8(0), used[colour].lowerBound)
      for at in start + used[colour].lowerBound..<start + used[colour].upperBound {
        if columns[at] != column {
          Self.append(column, count, to: &text)
          (column, count) = (columns[at], 0)
        }
        count += 1
        columns[at] = 0
      }
      Self.append(column, count, to: &text)
      text.append(UInt8(ascii: "$"))
      used[colour] = 0..<0
    }
  }

  /// A column as a character from `?` on, or `!COUNT` before it.
  private static func append(_ column: UInt8, _ count: Int, to text: inout [UInt8]) {
    if count > 3 { text += "!\(count)".utf8 }
    for _ in 0..<(count > 3 ? 1 : count) { text.append(0x3f + column) }
  }
}

// SPDX-License-Identifier: MIT
import DMABufImage

/// A picture in sixel graphics: bands of six lines, in which each colour is drawn by itself.
struct SixelPicture {
  /// Levels of red, green and blue.
  private let levels: [Int]
  private let picture: Picture

  /// A picture of at most `colours` colours, and of at least 8. Alpha is not shown.
  init(_ picture: Picture, colours: Int = 256) {
    self.picture = picture
    // The eye sees most levels of green, and fewest of blue: 8 colours grow to 2x3x2, 3x3x2, … 6x7x6.
    var levels = [2, 2, 2]
    var growing = 1
    while levels.reduce(1, *) / levels[growing] * (levels[growing] + 1) <= min(colours, 256) {
      levels[growing] += 1
      growing = [2, 0, 1][growing]
    }
    self.levels = levels
  }

  /// The number of colours.
  var colours: Int { levels.reduce(1, *) }

  /// The bytes for the terminal.
  func encoded() -> [UInt8] {
    // The second parameter: no background is drawn. The raster attributes are square pixels and the size.
    var text = Array("\u{1b}P0;1;0q\"1;1;\(picture.width);\(picture.height)".utf8)
    for colour in 0..<colours { text += definition(of: colour).utf8 }
    var band = Band(width: picture.width, colours: colours)
    let tables = levels.indices.map { table($0) }
    let (pixels, width) = (picture.pixels, picture.width)
    for top in stride(from: 0, to: picture.height, by: 6) {
      if top > 0 { text.append(UInt8(ascii: "-")) }
      for y in top..<min(top + 6, picture.height) {
        let row = (y & 7) << 3
        for x in 0..<width {
          let (at, threshold) = ((y * width + x) << 2, Int(Self.thresholds[row | x & 7]) << 8)
          let red = tables[0][threshold | Int(pixels[at])]
          let green = tables[1][threshold | Int(pixels[at + 1])]
          let blue = tables[2][threshold | Int(pixels[at + 2])]
          band.draw(red &+ green &+ blue, x, y - top)
        }
      }
      band.flush(into: &text)
    }
    return text + [0x1b, UInt8(ascii: "\\")]
  }

  /// `#INDEX;2;RED;GREEN;BLUE` in percent.
  private func definition(of colour: Int) -> String {
    let (red, rest) = colour.quotientAndRemainder(dividingBy: levels[1] * levels[2])
    let percents = zip([red, rest / levels[2], rest % levels[2]], levels).map { level, count in
      (200 * level / (count - 1) + 1) / 2
    }
    return "#\(colour);2;\(percents[0]);\(percents[1]);\(percents[2])"
  }

  /// The part of a colour's index that a channel adds, for each of 64 thresholds and 256 values. A value between two
  /// levels is the upper one at as many thresholds as it is close to it (ordered dithering).
  private func table(_ channel: Int) -> [UInt8] {
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

// SPDX-License-Identifier: MIT
import DMABuf

/// A table of formats as text, one in each line. A line is parsed when its format is looked up.
///
/// A line is the code, with `_` for a space in it, and the planes, with `|` between them:
///
///     XR24 x8 R8 G8 B8             bits of a block, from the highest of a little-endian word down
///     NV15 4*Y10 | 2*V10,U10 /2x2  repetitions; then the pixels that share a chrominance sample
///     YUYV V8 Y8 U8 Y8             the first pixel is the lowest sample
///     R1   8*R1 >                  the first pixel is the highest sample
///     Y0L2 A1 … Y10 =2x2           a block has two lines
///     AB4H A16f B16f G16f R16f     floating-point numbers
///     Y10B 4*Y10 > be              the bytes of a block are in reverse order
///     VU30 ?                       opaque: only the name is known
///     HSV3 ?24                     opaque: only the bits of a pixel are known
///     NM12 = NV12 separate         the pixels of a DRM format, with a buffer for each plane
struct FormatTable: Sendable {
  struct Line {
    var planes: [PixelFormat.Plane] = []
    var same: FourCC?
    var isOpaque = false
    var isSwapped = false
    var hasSeparateBuffers = false
  }

  /// The codes, in the order of the table.
  let names: [String]
  private let lines: [String: Substring]

  init(_ text: String) {
    var names: [String] = []
    var lines: [String: Substring] = [:]
    for line in text.split(separator: "\n") {
      let name = String(line.prefix { $0 != " " }).replacing("_", with: " ")
      names.append(name)
      lines[name] = line
    }
    (self.names, self.lines) = (names, lines)
  }

  subscript(name: String) -> Line? { lines[name].map(Self.parse) }

  private static func parse(_ text: Substring) -> Line {
    var line = Line()
    for part in text.drop(while: { $0 != " " }).split(separator: "|") {
      var plane = PlaneText()
      for word in part.split(separator: " ") {
        switch word {
        case "be": line.isSwapped = true
        case "separate": line.hasSeparateBuffers = true
        case "=": break
        default:
          if word.first == "?" {
            line.isOpaque = true
            plane.bits = Int(word.dropFirst()) ?? 0
          } else if part.contains(" = "), let code = FourCC(word) {
            line.same = code
          } else {
            plane.add(word)
          }
        }
      }
      if plane.bits > 0 { line.planes.append(plane.plane) }
    }
    return line
  }
}

/// The words of a plane.
private struct PlaneText {
  var bits = 0
  /// Channel, bits, and whether the number is a floating-point number. From the highest bit down; `x` is padding.
  private var fields: [(channel: PixelFormat.Channel?, bits: Int, isFloat: Bool)] = []
  private var subsampling = (1, 1)
  private var lines = 1
  private var startsHigh = false

  mutating func add(_ word: Substring) {
    switch word.first {
    case "/": subsampling = Self.pair(word)
    case "=": lines = Self.pair(word).1
    case ">": startsHigh = true
    default:
      let parts = word.split(separator: "*")
      let group = parts[parts.count - 1].split(separator: ",").map { field in
        (
          channel: field.first.flatMap(PixelFormat.Channel.init), bits: Int(field.filter(\.isNumber)) ?? 0,
          isFloat: field.last == "f"
        )
      }
      for _ in 0..<(parts.count == 2 ? Int(parts[0]) ?? 1 : 1) { fields += group }
      bits = fields.reduce(0) { $0 + $1.bits }
    }
  }

  private static func pair(_ word: Substring) -> (Int, Int) {
    let numbers = word.dropFirst().split(separator: "x").compactMap { Int($0) }
    return (numbers.first ?? 1, numbers.last ?? 1)
  }

  var plane: PixelFormat.Plane {
    var components: [PixelFormat.Component] = []
    var position = bits
    for field in fields {
      position -= field.bits
      guard let channel = field.channel else { continue }
      if let index = components.firstIndex(where: { $0.channel == channel }) {
        components[index].positions.append(position)
      } else {
        components.append(.init(channel: channel, bits: field.bits, isFloat: field.isFloat, positions: [position]))
      }
    }
    // The channel with the most samples has one for each pixel, or for each group of pixels of a subsampled plane.
    let samples = components.map(\.positions.count).max() ?? 1
    let (width, height) = (samples / lines * subsampling.0, lines * subsampling.1)
    for index in components.indices {
      let count = components[index].positions.count
      if !startsHigh { components[index].positions.reverse() }
      components[index].width = count < samples && lines > 1 ? width : width * lines / count
      components[index].height = count < samples ? height : subsampling.1
    }
    return PixelFormat.Plane(bytes: bits / 8, width: width, height: height, components: components)
  }
}

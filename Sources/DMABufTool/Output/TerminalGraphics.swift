// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import DMABufImage
import FoundationEssentials

/// Pictures on a terminal that draws pixels.
enum TerminalGraphics {
  case kitty
  /// With the limits of the terminal that are known.
  case sixel(colours: Int?, largest: TerminalQuery.Size?)

  /// Finds the graphics for a method. Returns `nil` for blocks. With `auto` the terminal is asked, except where colours
  /// are not wanted.
  static func find(_ method: PictureOptions.Graphics) throws -> TerminalGraphics? {
    switch method {
    case .blocks: return nil
    case .kitty: return .kitty
    case .sixel: return .sixel(colours: nil, largest: nil)
    case .auto:
      guard Style.standardOutput().isColored, let answer = try TerminalQuery.ask() else { return nil }
      if answer.hasKitty { return .kitty }
      guard answer.hasSixel else { return nil }
      return .sixel(colours: answer.colours, largest: answer.largest)
    }
  }

  /// Draws a picture below the cursor.
  func show(_ picture: Picture) throws {
    let bytes = try encoded(picture, in: TerminalSpace())
    do {
      for start in stride(from: 0, to: bytes.count, by: 1 << 16) {
        try Interruption.check()
        try StandardStream.output.write(bytes[start..<min(start + 1 << 16, bytes.count)])
      }
    } catch {
      try? StandardStream.output.write(end)
      throw error
    }
  }

  /// The end of a picture that is not complete. Otherwise the terminal reads further text, or kitty the next picture, as
  /// a part of it.
  private var end: String {
    switch self {
    case .kitty: "\u{1b}\\\u{1b}_Gq=2,m=0;\u{1b}\\\n"
    case .sixel: "\u{1b}\\\n"
    }
  }

  /// The bytes for a terminal with that space. Large pictures are reduced, and small ones are not enlarged. The alpha of
  /// a picture is not shown.
  func encoded(_ picture: Picture, in space: TerminalSpace) throws -> [UInt8] {
    switch self {
    case .kitty:
      let small = try picture.fitted(into: space.pixels)
      let opaque = Picture(width: small.width, height: small.height, pixels: small.pixels) ?? small
      return try Self.kitty(opaque.png(), cells: space.isEstimated ? space.cells(of: small) : nil)
    case .sixel(let colours, let largest):
      let width = min(space.pixels.width, largest?.width ?? .max)
      let height = min(space.pixels.height, largest?.height ?? .max)
      // A band has six lines. A part of one would make the terminal scroll.
      let small = try picture.fitted(into: (width, max(1, height / 6 * 6)))
      return SixelPicture(small, colours: colours ?? 256).encoded() + [UInt8(ascii: "\n")]
    }
  }

  /// A PNG file in kitty's protocol, scaled by the terminal to `cells`. The terminal reports nothing (`q=2`).
  private static func kitty(_ file: [UInt8], cells: (columns: Int, rows: Int)?) -> [UInt8] {
    let text = Array(Data(file).base64EncodedString().utf8)
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: text.count, by: 4096) {
      let end = min(start + 4096, text.count)
      let first = start > 0 ? "" : "a=T,f=100," + (cells.map { "c=\($0.columns),r=\($0.rows)," } ?? "")
      bytes += "\u{1b}_G\(first)q=2,m=\(end < text.count ? 1 : 0);".utf8 + text[start..<end] + "\u{1b}\\".utf8
    }
    return bytes + [UInt8(ascii: "\n")]
  }
}

/// The space for a picture on a terminal. One row remains for the shell's prompt.
struct TerminalSpace {
  let pixels: (width: Int, height: Int)
  /// Whether the terminal does not report its size in pixels.
  let isEstimated: Bool
  private let cell: (width: Double, height: Double)

  init() {
    self.init(size: StandardStream.output.size ?? (80, 24), pixels: StandardStream.output.pixels)
  }

  /// A terminal with its size in cells and in pixels. A size in pixels below one for each cell is unknown, too.
  init(size: (columns: Int, rows: Int), pixels whole: (width: Int, height: Int)?) {
    let (columns, rows) = (Double(size.columns), Double(size.rows))
    let known = whole.flatMap { $0.width >= size.columns && $0.height >= size.rows ? $0 : nil }
    isEstimated = known == nil
    cell = known.map { (Double($0.width) / columns, Double($0.height) / rows) } ?? (10, 20)
    pixels = (Int(columns * cell.width), Int(max(1, rows - 1) * cell.height))
  }

  /// The cells that a picture needs.
  func cells(of picture: Picture) -> (columns: Int, rows: Int) {
    (
      max(1, Int((Double(picture.width) / cell.width).rounded())),
      max(1, Int((Double(picture.height) / cell.height).rounded()))
    )
  }
}

extension Picture {
  /// The picture, reduced with its aspect ratio to at most this size.
  fileprivate func fitted(into size: (width: Int, height: Int)) throws -> Picture {
    let scale = min(1, Double(size.width) / Double(width), Double(size.height) / Double(height))
    return try scaled(width: max(1, Int(Double(width) * scale)), height: max(1, Int(Double(height) * scale)))
  }
}

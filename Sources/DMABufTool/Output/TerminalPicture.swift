// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import DMABufImage

/// A picture on the terminal, scaled to fit: in the terminal's graphics where it has them. Otherwise each cell shows two
/// pixels, one above the other, in 24-bit colours, or a shade of grey where colours are not wanted.
struct TerminalPicture: ~Copyable {
  private let source: ImageSource
  private let isWatched: Bool
  private let graphics: PictureOptions.Graphics
  private let isColored: Bool

  /// Throws when standard output is not a terminal.
  init(_ source: consuming ImageSource, isWatched: Bool = false, graphics: PictureOptions.Graphics = .auto) throws {
    guard StandardStream.output.isTerminal else {
      throw Failure(
        "cannot show a picture: standard output is not a terminal",
        hint: "--output FILE.png writes a file, --output - writes PNG to standard output", status: .usage)
    }
    self.source = source
    self.isWatched = isWatched
    self.graphics = graphics
    isColored = Style.standardOutput().isColored
  }

  func show() throws {
    if isWatched { return try watch() }
    let picture = try source.picture()
    if let graphics = try TerminalGraphics.find(graphics) { return try graphics.show(picture) }
    let size = StandardStream.output.size ?? (80, 24)
    // One row remains for the shell's prompt.
    for line in try lines(picture, columns: size.columns, rows: max(1, size.rows - 1)) {
      try StandardStream.output.write(line + "\n")
      try Interruption.check()
    }
  }

  /// Draws the picture again when its bytes have changed, until the user ends it with q or ^C.
  private func watch() throws {
    let terminal = try Terminal()
    var shown: UInt64?
    while true {
      let fingerprint = try source.fingerprint()
      if shown != fingerprint {
        let size = terminal.size
        try terminal.draw(lines(source.picture(), columns: size.columns, rows: size.rows))
        shown = fingerprint
      }
      let keys = try terminal.keys(until: Deadline(after: .milliseconds(40)))
      if keys.contains(.character("q")) { return }
      if keys.contains(.redraw) { shown = nil }
    }
  }

  /// The lines of text that show a picture in at most `columns` by `rows` cells. Small pictures are not enlarged.
  private func lines(_ picture: Picture, columns: Int, rows: Int) throws -> [String] {
    let scale = min(1, Double(columns) / Double(picture.width), Double(rows * 2) / Double(picture.height))
    let small = try picture.scaled(
      width: max(1, Int(Double(picture.width) * scale)), height: max(1, Int(Double(picture.height) * scale)))
    return stride(from: 0, to: small.height, by: 2).map { line(small, $0) }
  }

  private func line(_ picture: Picture, _ top: Int) -> String {
    var text = ""
    var before: ([UInt8], [UInt8]?)?
    for x in 0..<picture.width {
      let upper = picture.colour(x, top)
      let lower = top + 1 < picture.height ? picture.colour(x, top + 1) : nil
      guard isColored else {
        text += Self.shade(upper, lower)
        continue
      }
      if before?.0 != upper { text += "\u{1b}[38;2;\(upper[0]);\(upper[1]);\(upper[2])m" }
      if before == nil || before?.1 != lower {
        text += lower.map { "\u{1b}[48;2;\($0[0]);\($0[1]);\($0[2])m" } ?? "\u{1b}[49m"
      }
      text += "▀"
      before = (upper, lower)
    }
    return isColored ? text + "\u{1b}[0m" : text
  }

  /// The brightness of two pixels as one of five characters.
  private static func shade(_ upper: [UInt8], _ lower: [UInt8]?) -> String {
    let pixels = [upper, lower ?? upper]
    let brightness = pixels.reduce(0) { $0 + 3 * Int($1[0]) + 6 * Int($1[1]) + Int($1[2]) } / 20
    return [" ", "░", "▒", "▓", "█"][min(4, brightness * 5 / 256)]
  }
}

extension Picture {
  /// Red, green and blue of a pixel.
  fileprivate func colour(_ x: Int, _ y: Int) -> [UInt8] {
    let start = (y * width + x) * 4
    return Array(pixels[start..<(start + 3)])
  }
}

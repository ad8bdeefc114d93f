import DMABuf
import Glibc

/// Rows of text under a heading, in columns as wide as they need to be.
struct Table {
  enum Alignment { case left, right }

  struct Column {
    let title: String
    let alignment: Alignment
    init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  let columns: [Column]
  var rows: [[String]] = []

  init(_ columns: Column...) { self.columns = columns }

  /// The table's lines. Where there is a `width`, longer lines are cut, which the last character says.
  func lines(style: Style) -> [String] {
    let widths = columns.indices.map { index in
      max(columns[index].title.count, rows.map { $0[index].count }.max() ?? 0)
    }
    let heading = style.bold(style.fit(line(columns.map(\.title), widths)))
    return [heading] + rows.map { style.fit(line($0, widths)) }
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for index in columns.indices {
      let padding = String(repeating: " ", count: widths[index] - cells[index].count)
      line += index == 0 ? "" : "  "
      line += columns[index].alignment == .right ? padding + cells[index] : cells[index] + padding
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}

/// What standard output can show.
struct Style {
  let isColored: Bool
  let width: Int?

  static func standardOutput() -> Style {
    let isTerminal = StandardStream.output.isTerminal
    let wantsColor = unsafe getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true
    return Style(
      isColored: isTerminal && wantsColor, width: isTerminal ? StandardStream.output.columns : nil)
  }

  func bold(_ text: String) -> String { isColored ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

  func fit(_ line: String) -> String {
    guard let width, line.count > width, width > 1 else { return line }
    return line.prefix(width - 1) + "…"
  }
}

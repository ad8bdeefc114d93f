// SPDX-License-Identifier: MIT
internal import CUTF8Proc
import DMABuf
import DMABufHost
import Glibc

/// Rows of text below a heading. Columns are as wide as their longest cell.
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

  init(_ columns: Column...) { self.init(columns) }
  init(_ columns: [Column]) { self.columns = columns }

  /// The lines of the table. Where there is a `width`, a long text in the last column continues on the next lines. A
  /// line that is still too long is cut, and ends with `…`.
  func lines(style: Style) -> [String] {
    let widths = columns.indices.map { index in
      max(columns[index].title.columns, rows.map { $0[index].columns }.max() ?? 0)
    }
    let indent = widths.dropLast().reduce(0) { $0 + $1 + 2 }
    let heading = style.bold(style.fit(line(columns.map(\.title), widths)))
    return [heading]
      + rows.flatMap { row in
        if !style.hasRoom(beside: indent, for: row[row.count - 1]) {
          let below = style.wrap(row[row.count - 1], indent: 4).map { "    " + $0 }
          return ([line(row.dropLast() + [""], widths)] + below).map(style.fit)
        }
        let parts = style.wrap(row[row.count - 1], indent: indent)
        let first = line(row.dropLast() + parts.prefix(1), widths)
        let rest = parts.dropFirst().map { String(repeating: " ", count: indent) + $0 }
        return ([first] + rest).map(style.fit)
      }
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for index in columns.indices {
      let padding = String(repeating: " ", count: max(0, widths[index] - cells[index].columns))
      line += index == 0 ? "" : "  "
      line += columns[index].alignment == .right ? padding + cells[index] : cells[index] + padding
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}

struct Style {
  let isColored: Bool
  let width: Int?

  static func standardOutput() -> Style {
    let isTerminal = StandardStream.output.isTerminal
    let wantsColor = unsafe getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true
    return Style(
      isColored: isTerminal && wantsColor, width: isTerminal ? StandardStream.output.size?.columns : nil)
  }

  func bold(_ text: String) -> String { isColored ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

  /// The fewest columns that a text is wrapped into.
  private static let narrowest = 16

  /// Is there room for the text, or for lines of it, to the right of `indent` columns?
  func hasRoom(beside indent: Int, for text: String) -> Bool {
    guard let width, width > 2 * Self.narrowest else { return true }
    return width - indent >= Self.narrowest || text.columns <= width - indent
  }

  /// Wraps words into lines that fit beside `indent` columns. Returns one line if there is no width, or too little.
  func wrap(_ text: String, indent: Int) -> [String] {
    guard let width, width - indent >= Self.narrowest, text.columns > width - indent else { return [text] }
    var lines = [""]
    for word in text.split(scalar: " ") {
      let line = lines[lines.count - 1]
      if line.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if line.columns + 1 + String(word).columns <= width - indent {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  func fit(_ line: String) -> String {
    guard let width, line.columns > width, width > 1 else { return line }
    var fitting = ""
    var columns = 1
    for scalar in line.unicodeScalars {
      columns += scalar.columns
      if columns > width { break }
      fitting.unicodeScalars.append(scalar)
    }
    return fitting + "…"
  }
}

extension String {
  /// The number of terminal columns that the text takes.
  fileprivate var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }
}

extension Unicode.Scalar {
  /// The number of terminal columns according to Unicode: 2 for wide characters (East Asian scripts, emoji), 0 for
  /// combining marks.
  fileprivate var columns: Int { isASCII ? 1 : Int(utf8proc_charwidth(Int32(value))) }
}

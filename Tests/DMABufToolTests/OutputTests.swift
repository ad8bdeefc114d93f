// SPDX-License-Identifier: MIT
import Testing

@testable import DMABufTool

@Suite("Numbers with units")
struct UnitsTests {
  @Test(
    "Sizes are exact if possible, and otherwise have one decimal",
    arguments: [
      (0, "0B"), (1, "1B"), (1023, "1023B"), (1024, "1K"), (1536, "1.5K"), (4096, "4K"), (1_048_576, "1M"),
      (8_388_608, "8M"), (13_107_200, "12.5M"), (1_073_741_824, "1G"), (1_099_511_627_776, "1T"),
      (1_000_000, "976.6K"), (12_288, "12K"),
    ] as [(UInt64, String)])
  func size(_ bytes: UInt64, _ text: String) {
    #expect(Units.size(bytes) == text)
  }

  @Test("Sizes that are not exact never look exact", arguments: [3_110_400, 8_388_607, 8_388_609] as [UInt64])
  func inexact(_ bytes: UInt64) {
    #expect(Units.size(bytes).contains("."))
  }

  @Test("The largest possible size is printed")
  func largest() {
    #expect(Units.size(.max).hasSuffix("T"))
  }

  @Test(
    "Times have the unit with the shortest number",
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1_000, "1.0 µs"), (81_234, "81.2 µs"), (1_250_000, "1.3 ms"),
      (3_400_000_000, "3.4 s"),
      (60_000_000_000, "60.0 s"),
    ] as [(UInt64, String)])
  func time(_ nanoseconds: UInt64, _ text: String) {
    #expect(Units.time(nanoseconds) == text)
  }

  @Test(
    "Rates are decimal",
    arguments: [
      (0, "0.0 kB/s"), (1_500, "1.5 kB/s"), (12_345_678, "12.3 MB/s"), (12_300_000_000, "12.3 GB/s"),
    ] as [(UInt64, String)])
  func rate(_ bytes: UInt64, _ text: String) {
    #expect(Units.rate(bytes) == text)
  }
}

@Suite("Tables")
struct TableTests {
  static let plain = Style(isColored: false, width: nil)

  static var table: Table {
    var table = Table(.init("INO", .right), .init("NAME"), .init("SIZE", .right))
    table.rows = [["7", "camera", "8M"], ["1234", "x", "100K"]]
    return table
  }

  @Test("Columns are as wide as their widest cell, and numbers are right-aligned")
  func alignment() {
    #expect(
      Self.table.lines(style: Self.plain) == [
        " INO  NAME    SIZE",
        "   7  camera    8M",
        "1234  x       100K",
      ])
  }

  @Test("No line ends in spaces")
  func trailingSpaces() {
    var table = Table(.init("A"), .init("LONG TITLE"))
    table.rows = [["1", ""], ["2", "x"]]
    #expect(table.lines(style: Self.plain) == ["A  LONG TITLE", "1", "2  x"])
  }

  @Test("Lines longer than the terminal end in an ellipsis at its edge")
  func cutting() {
    #expect(
      Self.table.lines(style: Style(isColored: false, width: 10)) == [" INO  NAM…", "   7  cam…", "1234  x  …"])
  }

  @Test("Lines that just fit are complete")
  func fitting() {
    #expect(Self.table.lines(style: Style(isColored: false, width: 18)) == Self.table.lines(style: Self.plain))
  }

  @Test("A terminal that reports no columns does not cut lines", arguments: [0, 1])
  func noWidth(_ width: Int) {
    #expect(Self.table.lines(style: Style(isColored: false, width: width)) == Self.table.lines(style: Self.plain))
  }

  @Test("Only the heading is bold, and colours have no width")
  func bold() {
    let lines = Self.table.lines(style: Style(isColored: true, width: 18))
    #expect(lines[0] == "\u{1b}[1m INO  NAME    SIZE\u{1b}[0m")
    #expect(!lines[1].contains("\u{1b}") && !lines[2].contains("\u{1b}"))
  }

  @Test("Text of several bytes a character is measured in characters")
  func multibyte() {
    var table = Table(.init("N"), .init("X"))
    table.rows = [["é", "1"], ["ab", "2"]]
    #expect(table.lines(style: Self.plain) == ["N   X", "é   1", "ab  2"])
  }

  @Test("Characters that are two columns wide are measured as two")
  func wide() {
    var table = Table(.init("N"), .init("X"))
    table.rows = [["カメラ", "1"], ["camera", "2"]]
    #expect(table.lines(style: Self.plain) == ["N       X", "カメラ  1", "camera  2"])
  }

  @Test(
    "Each character is as wide as terminals show it",
    arguments: [
      ("e\u{301}", 1), ("ß", 1), ("…▁█↑·", 5), ("한글", 4), ("ＡＢ", 4), ("📷", 2),
      ("\u{20000}", 2), ("नि", 1), ("ﾊ", 1),
    ])
  func characters(_ text: String, _ columns: Int) {
    #expect(Style(isColored: false, width: columns + 2).fit(text + "--") == text + "--")
    #expect(Style(isColored: false, width: columns + 1).fit(text + "--") == text + "…")
  }
}

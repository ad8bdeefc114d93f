// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import Testing

@testable import DMABufTool

/// The screens of `top` for moments of real kernels, and the effects of keys.
@Suite("top")
struct TopScreenTests {
  static func screen(_ moment: String, _ grouping: StatView.Grouping = .buffer) -> TopScreen {
    var screen = TopScreen(grouping)
    screen.show(StatReportTests.report("full-6.12", moment))
    return screen
  }

  static func lines(_ screen: TopScreen, columns: Int = 120, rows: Int = 24) -> [String] {
    screen.lines(columns: columns, rows: rows, isColored: false)
  }

  static func pressing(_ keys: [DMABufHost.Terminal.Key], _ moment: String = "named") -> TopScreen {
    var screen = screen(moment)
    for key in keys { screen.press(key, rows: 24) }
    return screen
  }

  static func typed(_ text: String) -> [DMABufHost.Terminal.Key] { text.map { .character($0) } }

  @Test(
    "The view fills a screen of any size", arguments: [(120, 24), (80, 24), (20, 5), (10, 2), (1, 1), (300, 100)])
  func size(_ columns: Int, _ rows: Int) {
    let lines = Self.lines(Self.screen("named"), columns: columns, rows: rows)
    #expect(lines.count == max(1, rows))
    if columns > 1 { #expect(lines.allSatisfy { $0.count <= columns }) }
  }

  @Test("All keys are shown on a terminal of 80 columns", arguments: ["", "p", "r"])
  func keys(_ pressed: String) {
    let lines = Self.lines(Self.pressing(Self.typed(pressed)), columns: 80)
    #expect(lines.last?.hasPrefix("q quit") == true && lines.last?.hasSuffix("↑↓") == true)
  }

  @Test("Each buffer has a row")
  func rows() {
    let lines = Self.lines(Self.screen("named"))
    #expect(lines.contains { $0.contains(" camera ") } && lines.contains { $0.contains(" renamed scanout ") })
    #expect(lines[0].contains("4 buffers, 28K"))
  }

  @Test("No control character reaches the terminal")
  func hostile() {
    let lines = Self.lines(Self.screen("hostile-names")) + Self.lines(Self.screen("hostile-names", .process))
    #expect(lines.allSatisfy { !$0.unicodeScalars.contains { $0.properties.generalCategory == .control } })
  }

  @Test("p shows processes, and b shows buffers again")
  func views() {
    #expect(Self.lines(Self.pressing(Self.typed("p"))).contains { $0.contains("SYNC_FILES") })
    #expect(Self.lines(Self.pressing(Self.typed("pb"))).contains { $0.contains("EXPORTER") })
  }

  @Test("s selects each column in order, then the first again")
  func sorting() {
    let names = StatReport.bufferFields.columns.usual
    for (index, name) in names.enumerated() {
      #expect(Self.pressing(Self.typed(String(repeating: "s", count: index + 1))).view.sort == name)
    }
    #expect(Self.pressing(Self.typed(String(repeating: "s", count: names.count + 1))).view.sort == nil)
  }

  @Test("A filter is typed, corrected, applied and removed")
  func filter() {
    let kept = Self.pressing(Self.typed("/camq") + [.backspace, .character("e"), .enter])
    #expect(kept.filter == "came" && !kept.isFiltering)
    #expect(Self.lines(kept).filter { $0.contains("(") && $0.contains(" system ") }.count == 1)
    #expect(Self.pressing(Self.typed("/x") + [.escape]).filter == "")
    // While a filter is typed, q is a letter.
    #expect(!Self.pressing(Self.typed("/q")).hasEnded)
    #expect(Self.pressing(Self.typed("q")).hasEnded)
  }

  @Test("Scrolling stops at both ends")
  func scrolling() {
    var screen = Self.pressing([.up, .pageUp])
    #expect(Self.lines(screen)[3].contains(" camera "))
    for _ in 0..<50 { screen.press(.pageDown, rows: 6) }
    #expect(Self.lines(screen, rows: 6).count == 6)
    #expect(Self.lines(screen, rows: 6)[4] != "")
  }

  @Test("Without buffers the view has only a heading")
  func empty() {
    #expect(Self.lines(Self.screen("no-buffers"))[0].contains("0 buffers, 0B"))
  }
}

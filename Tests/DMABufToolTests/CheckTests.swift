// SPDX-License-Identifier: MIT
import DMABufConformance
import DMABufHost
import Testing

@testable import DMABufTool

@Suite("check and doctor")
struct CheckTests {
  static func result(_ verdict: ConformanceResult.Verdict, id: String = "C1", found: String = "0")
    -> ConformanceResult
  {
    ConformanceResult(id: id, target: "heap:system", verdict: verdict, expected: "1", found: found)
  }

  @Test(
    "Patterns are those of shells",
    arguments: [
      ("C12", "C1*", true), ("C12", "C1?", true), ("C1", "C1?", false), ("C1", "*", true), ("C21", "C1*", false),
      ("C12", "C1[23]", true), ("C14", "C1[23]", false), ("a\u{301}", "a*", true), ("*\u{301}", "?\u{301}", true),
    ])
  func glob(text: String, pattern: String, matches: Bool) {
    #expect(Glob.matches(text, pattern) == matches)
  }

  @Test("A known failure is a known difference, and a repaired one is a failure")
  func knownFailures() throws {
    let known = try KnownFailures("# drivers\n\nC1 heap:*  # until fixed\nC2 * 0\n", path: "known")
    #expect(known.judge(Self.result(.fail)).verdict == .knownDifference)
    #expect(known.judge(Self.result(.pass)).verdict == .fail)
    #expect(known.judge(Self.result(.pass)).reason == "known:3 expects a failure, and the check passed")
    #expect(known.judge(Self.result(.skip)).verdict == .skip)
    #expect(known.judge(Self.result(.fail, id: "C2")).verdict == .knownDifference)
    #expect(known.judge(Self.result(.fail, id: "C2", found: "5")).verdict == .fail)
    #expect(known.judge(Self.result(.fail, id: "C3")).verdict == .fail)
  }

  @Test("A new difference is counted, and is a known failure if it is expected")
  func newDifferences() throws {
    let report = CheckReport([Self.result(.newDifference)], sentences: [:], kernel: KernelVersion(release: "9.9"))
    #expect(report.totals.newDifference == 1)
    #expect(report.totals.fail == 0)
    #expect(report.tap().contains("not ok 1 - C1 heap:system:  # TODO expected 1; found 0"))
    #expect(report.text(style: Style(isColored: false, width: nil)).contains(", 1 new difference on Linux 9.9"))
    let known = try KnownFailures("C1 *", path: "known")
    #expect(known.judge(Self.result(.newDifference)).verdict == .knownDifference)
  }

  @Test("Lines end in LF or CR LF, and a combining mark does not hide a blank or #")
  func endsOfLines() throws {
    let known = try KnownFailures("#\u{301} comment\r\n\r\nC1 heap:*\r\nC2 * 5 #\u{301} why\r\n", path: "known")
    #expect(known.lines.map(\.number) == [3, 4])
    #expect(known.lines.map(\.target) == ["heap:*", "*"])
    #expect(known.lines.map(\.found) == [nil, "5"])
  }

  @Test("A line without a target is refused")
  func wrongLine() {
    #expect(throws: Failure.self) { try KnownFailures("C1", path: "known") }
  }

  @Test("Text of a kernel cannot break out of XML or TAP")
  func escaping() {
    let found = "<\u{1b}[1m\"&\n# SKIP"
    let report = CheckReport(
      [Self.result(.fail, found: found)], sentences: ["C1": "a # sentence"], kernel: KernelVersion(release: "6.12"))
    #expect(report.junit().contains("found &lt;\\x1b[1m&quot;&amp;\\n# SKIP"))
    #expect(report.tap().split(separator: "\n").count == 6)
    #expect(report.tap().contains("not ok 1 - C1 heap:system: a \\# sentence"))
  }
}

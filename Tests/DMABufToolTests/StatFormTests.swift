// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import Foundation
import Testing

@testable import DMABufTool

/// The census in its other forms: metrics, graphs, differences.
@Suite("Forms of the census")
struct StatFormTests {
  static func path(_ program: String) -> String? {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
    let folders = (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
    // scripts/promtool unpacks it here.
    return (folders + ["\(cache)/dmabuf-lab/tools"]).map { "\($0)/\(program)" }
      .first(where: FileManager.default.isExecutableFile)
  }

  /// Passes `text` to a program, and returns its status and output.
  static func run(_ program: String, _ arguments: [String], _ text: String) throws -> (Int32, String) {
    let process = Process()
    let input = Pipe()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    input.fileHandleForWriting.write(Data(text.utf8))
    try input.fileHandleForWriting.close()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }

  /// Moments of all kernels.
  static var reports: [StatReport] {
    let moments = ["no-buffers", "named", "shared", "hostile-names", "attached", "fences"]
    return StatReportTests.kernels.flatMap { kernel in
      moments.map { moment in
        var request = Census.Query()
        request.wantsAttachments = true
        let census = Census(root: "\(StatReportTests.fixtures)/\(kernel)/\(moment)", request)
        return StatReport(census, StatSelection(), StatView())
      }
    }
  }

  @Test(
    "promtool accepts the metrics", .enabled(if: path("promtool") != nil, "needs Debian's prometheus"))
  func promtool() throws {
    for report in Self.reports {
      let (status, said) = try Self.run(
        #require(Self.path("promtool")), ["check", "metrics"], StatMetrics(report).text + "\n")
      #expect(status == 0 && said == "")
    }
  }

  @Test("dot draws the graphs", .enabled(if: path("dot") != nil, "needs Debian's graphviz"))
  func dot() throws {
    for report in Self.reports {
      let (status, said) = try Self.run(#require(Self.path("dot")), ["-Tsvg"], StatGraph(report).text)
      #expect(status == 0 && said.contains("</svg>") && !said.lowercased().contains("warning"))
    }
  }

  @Test("Each metric has help and type, and each sample occurs once")
  func metrics() {
    for report in Self.reports {
      let lines = StatMetrics(report).text.split(separator: "\n")
      let samples = lines.filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } }
      #expect(Set(samples).count == samples.count)
      let names = Set(samples.map { String($0.prefix { $0 != "{" }) })
      #expect(names.allSatisfy { name in lines.contains { $0.hasPrefix("# HELP \(name) ") } })
    }
  }

  @Test("A census compared with itself has no changes")
  func noDifference() throws {
    for report in Self.reports {
      let snapshot = StatSnapshot(report)
      let difference = StatDifference(from: snapshot, to: snapshot)
      #expect(difference.new.isEmpty && difference.gone.isEmpty && difference.processes.isEmpty)
      #expect(difference.totals.bytes == 0 && difference.totals.descriptors == 0)
    }
  }

  @Test("A buffer of only one census is new, or gone", arguments: StatReportTests.kernels)
  func difference(_ kernel: String) throws {
    let before = StatSnapshot(StatReportTests.report(kernel, "no-buffers"))
    let after = StatSnapshot(StatReportTests.report(kernel, "named"))
    let growth = StatDifference(from: before, to: after, limit: try GrowthLimit("1B"))
    #expect(
      growth.new.count == 4 && growth.totals.bytes == 28672 && growth.verdict?.exceeded.contains(.bytes) == true)
    #expect(growth.processes.map(\.bytes) == growth.processes.map(\.bytes).sorted(by: >))
    let shrinking = StatDifference(from: after, to: before, limit: GrowthLimit())
    #expect(shrinking.gone.count == 4 && shrinking.totals.bytes == -28672 && shrinking.verdict?.exceeded == [])
  }

  @Test("A comparison shows that a holder or a name is unknown")
  func unknownInDifference() throws {
    let head = #"{"schema": "dmabuf.stat/1", "time_ns": 1, "processes": [], "totals": {"buffers": 0, "bytes": 0}"#
    let rows = [(true, false), (false, true), (false, false)].enumerated().map { row, known in
      #"{"ino": \#(row + 1), "named": \#(known.0 ? "false" : "null"), "holders_known": \#(known.1), "processes": []}"#
    }
    let before = try StatSnapshot(parsing: Array((head + #", "buffers": []}"#).utf8), from: "before")
    let document = head + #", "buffers": [\#(rows.joined(separator: ","))]}"#
    let after = try StatSnapshot(parsing: Array(document.utf8), from: "after")
    let lines = StatDifference(from: before, to: after).text(style: Style(isColored: false, width: nil))
      .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines[1] == ["+", "1", "?", "?", "-", "?"])
    #expect(lines[2] == ["+", "2", "?", "?", "?"])
    #expect(lines[3] == ["+", "3", "?", "?", "?", "?"])
  }

  @Test(
    "A limit is a size, a number of references, or both; a kind without a limit may not grow",
    arguments: [
      ("0", 0, 0), ("10", 0, 10), ("1M", 1 << 20, 0), ("4096B", 4096, 0), ("0K", 0, 0), ("1M,10", 1 << 20, 10),
      ("10,1M", 1 << 20, 10),
    ] as [(String, Int64, Int64)])
  func growth(_ text: String, _ bytes: Int64, _ references: Int64) throws {
    let growth = try GrowthLimit(text)
    #expect(growth.limit(of: .bytes) == bytes)
    #expect(GrowthLimit.Kind.allCases.dropFirst().allSatisfy { growth.limit(of: $0) == references })
  }

  @Test(
    "Any other text is refused as a limit",
    arguments: ["", "-1", "much", "1.5M", "10x", "99999999999999999999", "1M,2M", "1,2", "1M,", ",1", "1M,2,3"])
  func noGrowth(_ text: String) {
    #expect(throws: (any Error).self) { try GrowthLimit(text) }
  }

  @Test(
    "Limits of several options apply together",
    arguments: [
      ("stat --fail-if-growth 1M --for 1s --fail-if-growth=10", "stat --fail-if-growth=1M,10 --for 1s"),
      ("stat --fail-if-growth --for 1s", "stat --fail-if-growth=0 --for 1s"),
      ("stat --fail-if-growth 1M", "stat --fail-if-growth=1M"), ("stat --json", "stat --json"),
      ("stat --fail-if-growth -- --fail-if-growth 1", "stat --fail-if-growth=0 -- --fail-if-growth 1"),
    ])
  func joined(_ given: String, _ joined: String) {
    let words = { (text: String) in text.split(separator: " ").map(String.init) }
    #expect(GrowthLimit.joined(words(given)) == words(joined))
  }

  @Test("A floor has the minimum of several censuses, in total and by process")
  func floor() throws {
    let few = StatSnapshot(StatReportTests.report("full-6.12", "named"))
    let none = StatSnapshot(StatReportTests.report("full-6.12", "no-buffers"))
    #expect(few.floor(with: few).counts == few.counts)
    for floor in [few.floor(with: none), none.floor(with: few)] {
      #expect(floor.counts[.bytes] == 0 && floor.counts[.descriptors] == 0 && floor.processes.isEmpty)
    }
  }

  @Test(
    "A document that is not a census is refused",
    arguments: [
      "", "{}", "[]", "null", "{\"schema\":\"dmabuf.alloc/1\"}", "\u{0}", "{\"schema\":\"dmabuf.stat/1\"}",
    ])
  func noCensus(_ text: String) {
    #expect(throws: Failure.self) { try StatSnapshot(parsing: text.utf8, from: "file") }
  }

  @Test(
    "Impossible counts are refused",
    arguments: ["-9223372036854775808", "-1", "9223372036854775807"],
    ["buffers", "bytes", "descriptors", "sync_files", "syncobjs"])
  func impossibleCounts(_ count: String, _ key: String) throws {
    // A sum of sizes may be so large.
    if key == "bytes", !count.hasPrefix("-") { return }
    var process = [
      "pid": "1", "buffers": "1", "bytes": "1", "descriptors": "1", "mappings": "1", "sync_files": "1",
      "syncobjs": "1",
    ]
    process[key] = count
    let members = process.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    let text = """
      {"schema":"dmabuf.stat/1","time_ns":1,"buffers":[],"totals":{"buffers":1,"bytes":1},\
      "processes":[{"comm":null,\(members)},{"comm":null,\(members)}]}
      """
    #expect(throws: Failure.self) { try StatSnapshot(parsing: text.utf8, from: "file") }
  }

  @Test("Columns are selected, added, and refused")
  func columns() throws {
    #expect(try StatView(.buffer, columns: "size,ino", sort: nil).columns == [.size, .ino])
    #expect(try StatView(.process, columns: "+cgroup", sort: nil).columns?.last == .cgroup)
    #expect(throws: (any Error).self) { try StatView(.buffer, columns: "size,", sort: nil) }
    #expect(throws: (any Error).self) { try StatView(.device, columns: "ino", sort: nil) }
  }

  @Test("Equal rows retain their order, and unknown values are last")
  func order() {
    let fields = Fields<(String, UInt64?)>(all: [.number(.size, "N") { $0.1 }, .text(.name, "T") { $0.0 }])
    let rows: [(String, UInt64?)] = [("c", nil), ("b", 1), ("a", 1), ("d", 2)]
    #expect(fields.sorted(rows, by: .size, isReversed: false).map(\.0) == ["d", "b", "a", "c"])
    #expect(fields.sorted(rows, by: .name, isReversed: true).map(\.0) == ["d", "c", "b", "a"])
  }
}

// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABuf
@testable import DMABufCensus
@testable import DMABufConformance
@testable import DMABufHost
@testable import DMABufTool

/// Every metacharacter, bare and with a combining mark, in every text from outside, in every form of output. The text
/// that real parsers read is compared with the original one.
@Suite("Text from outside in every form of output", .serialized)
struct EscapingTests {
  /// Each printable ASCII character that is not a letter or digit, control characters, and characters that only
  /// affect a terminal.
  static let texts: [String] = {
    let printable = (0x20...0x7e).map { Unicode.Scalar($0 as UInt8) }.filter { !$0.properties.isAlphabetic }
    let others = ["\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}", "\u{61c}", "\u{200e}", "\u{200f}"]
    let directions = ["\u{202a}", "\u{202e}", "\u{2028}", "\u{2066}", "\u{2069}", "\u{feff}", "\u{e0041}"]
    let single = printable.map { String($0) } + others + directions + ["é", "漢", "🖼"]
    let words = [
      "\"];URL=\"//x\";a[label=\"", "]]><x/><!--", "&#x3c;script&#x3e;", "\\N\\G", "x # SKIP", "' \\n: [",
      "=1+1,\"x\"",
    ]
    // Words follow, so that nothing is trimmed.
    return single.flatMap { ["a\($0)b", "a\($0)\u{301}b", "\($0)\u{301}b"] } + words
  }()

  /// The same in text of the kernel with lines and columns.
  static func oneWord(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { !"\n\t\r ".unicodeScalars.contains($0) }))
  }

  /// A machine on which all names of process and buffer 1000 + N are the text N.
  static let tree: String = {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("dmabuf-escaping-\(getpid())").path
    func write(_ path: String, _ text: String) throws {
      let url = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    do {
      // Everything except these names is a kernel's text.
      let recorded = StatReportTests.fixtures + "/full-6.12/fences"
      try? FileManager.default.removeItem(atPath: root)
      try FileManager.default.createDirectory(atPath: root + "/proc", withIntermediateDirectories: true)
      for file in ["proc/devices", "proc/meminfo"] {
        try FileManager.default.copyItem(atPath: "\(recorded)/\(file)", toPath: "\(root)/\(file)")
      }
      var rows = "\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"
      for (index, text) in texts.enumerated() {
        let (id, word) = (1000 + index, oneWord(text))
        let process = "/proc/\(id)"
        try write("\(process)/comm", text + "\n")
        try write("\(process)/cgroup", "0::/system.slice/\(word).service\n")
        try write("\(process)/stat", "\(id) (x) S 70 0 0 0 -1 4194560 56 0 0 0 0 1 0 0 20 0 1 0 797 0 0 0\n")
        try write("\(process)/status", "Name:\tx\nUid:\t0\t0\t0\t0\n")
        try write("\(process)/maps", "")
        let start = "pos:\t0\nflags:\t02\nmnt_id:\t9\nino:\t\(id)\nsize:\t4096\ncount:\t2\n"
        try write("\(process)/fdinfo/3", start + "exp_name:\t\(word)\nname:\t\(text)\n")
        try FileManager.default.createDirectory(atPath: root + process + "/fd", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
          atPath: root + process + "/fd/3", withDestinationPath: "/dmabuf:")
        rows += "00004096\t00000002\t00080007\t00000002\t\(word)\t0000\(id)\t\(text)\n"
        rows += "\twrite fence:\(word) \(word) seq 1 unsignalled\n\tAttached Devices:\n\t\(word)\n"
        rows += "Total 1 devices attached\n\n"
      }
      rows += "\nTotal \(texts.count) objects, \(texts.count * 4096) bytes\n"
      try write("/sys/kernel/debug/dma_buf/bufinfo", rows)
    } catch { return "" }
    return root
  }()

  static func report(_ grouping: StatView.Grouping = .buffer) -> StatReport {
    var request = Census.Query()
    request.wantsAttachments = true
    var view = StatView(grouping)
    let more: [StatColumn] = grouping == .buffer ? [.devices, .fences] : grouping == .process ? [.cgroup] : []
    view.columns = view.columnNames.usual + more
    return StatReport(Census(root: tree, request), StatSelection(), view)
  }

  static func isVisible(_ text: String, except: [Unicode.Scalar] = ["\n"]) -> Bool {
    text.unicodeScalars.allSatisfy { UntrustedText.isVisible($0) || except.contains($0) }
  }

  /// The form in tables.
  static func escaped(_ text: String) -> String { UntrustedText(text.utf8).escaped }

  static func withPlainBlanks(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{a0}" ? " " : $0 }))
  }

  static func python(_ program: String, _ text: String) throws -> [[String]] {
    let (status, said) = try StatFormTests.run(#require(StatFormTests.path("python3")), ["-c", program], text)
    try #require(status == 0, "\(said.suffix(2000))")
    return try JSONDecoder().decode([[String]].self, from: Data(said.utf8))
  }

  @Test("The census has all buffers and processes")
  func complete() {
    let report = Self.report()
    #expect(report.buffers.count == Self.texts.count && report.processes.count == Self.texts.count)
    for buffer in report.buffers {
      let text = Self.texts[Int(buffer.ino) - 1000]
      #expect(buffer.name == UntrustedText(text.utf8) && buffer.processes.first?.comm == UntrustedText(text.utf8))
      #expect(buffer.exporter == UntrustedText(Self.oneWord(text).utf8))
      #expect(buffer.devices?.map(\.string) == [Self.oneWord(text)])
      #expect(buffer.fences?.map { $0.driver?.string } == [Self.oneWord(text)])
    }
  }

  @Test("Tables have a line for each row, and nothing invisible", arguments: StatView.Grouping.allCases)
  func tables(_ grouping: StatView.Grouping) {
    let text = Self.report(grouping).text(style: Style(isColored: false, width: nil))
    #expect(Self.isVisible(text))
    // All processes belong to one user.
    if grouping != .user { #expect(text.utf8.count { $0 == 0x0a } >= Self.texts.count - 60) }
    let narrow = Self.report(grouping).text(style: Style(isColored: false, width: 40))
    #expect(Self.isVisible(narrow))
  }

  @Test("jq reads the original text from JSON", .enabled(if: StatFormTests.path("jq") != nil, "needs Debian's jq"))
  func json() throws {
    let document = try Self.report().json()
    #expect(Self.isVisible(document, except: []))
    let filter = #"""
      .buffers | sort_by(.ino)[]
      | [.name, .processes[0].comm, .exp_name, .devices[0], .fences[0].driver, .fences[0].timeline] | map(@base64) | join(" ")
      """#
    let (status, said) = try StatFormTests.run(#require(StatFormTests.path("jq")), ["-r", filter], document)
    try #require(status == 0, "\(said)")
    let rows = said.split(separator: "\n").map { line in
      line.split(separator: " ").map { String(decoding: Data(base64Encoded: String($0)) ?? Data(), as: UTF8.self) }
    }
    try #require(rows.count == Self.texts.count)
    for (text, row) in zip(Self.texts, rows) {
      let word = Self.oneWord(text)
      #expect(row.map { Array($0.utf8) } == [text, text, word, word, word, word].map { Array($0.utf8) })
    }
  }

  @Test("jq reads the original text from the encoder", .enabled(if: StatFormTests.path("jq") != nil, "needs jq"))
  func encodedJSON() throws {
    for text in Self.texts {
      let failures = CheckReport(
        [CheckTests.result(.fail, found: text)], sentences: [:], kernel: KernelVersion(release: "6.12"))
      let document = try failures.json()
      #expect(Self.isVisible(document, except: []))
      let object = try JSONTests.object(document)
      let results = try #require(object["results"] as? [[String: Any]])
      #expect((results[0]["found"] as? String).map { Array($0.utf8) } == Array(text.utf8))
    }
  }

  @Test(
    "dot draws each label with the original text, and no link",
    .enabled(if: StatFormTests.path("dot") != nil, "needs graphviz"))
  func dot() throws {
    let text = StatGraph(Self.report()).text
    #expect(Self.isVisible(text))
    // For so large a number of nodes, the layout by ranks would last minutes.
    let (status, svg) = try StatFormTests.run(
      #require(StatFormTests.path("dot")), ["-Kosage", "-Tsvg"], text)
    try #require(status == 0 && !svg.contains("rror"), "\(svg.suffix(2000))")
    let nodes = try Self.python(
      """
      import sys, json, xml.etree.ElementTree as tree
      s = '{http://www.w3.org/2000/svg}'
      root = tree.fromstring(sys.stdin.buffer.read())
      assert not list(root.iter(s + 'a'))
      groups = [g for g in root.iter(s + 'g') if g.get('class') == 'node']
      print(json.dumps([[g.find(s + 'title').text] + [t.text for t in g.findall(s + 'text')] for g in groups]))
      """, svg)
    let labels = Dictionary(nodes.map { ($0[0], $0) }, uniquingKeysWith: { first, _ in first })
    for (index, text) in Self.texts.enumerated() {
      // Blanks are drawn as no-break spaces.
      let process = labels["p\(1000 + index)"].map { Self.withPlainBlanks($0[1]) }
      #expect(process.map { Array($0.utf8) } == Array("\(Self.escaped(text))(\(1000 + index))".utf8))
      let buffer = labels["b\(1000 + index)"].map { Self.withPlainBlanks($0[1]) }
      #expect(buffer.map { Array($0.utf8) } == Array("\(1000 + index) \(Self.escaped(text))".utf8))
    }
  }

  @Test(
    "promtool accepts the metrics, on a terminal and elsewhere", arguments: [false, true])
  func metrics(_ isTerminal: Bool) throws {
    let text = StatMetrics(Self.report(), isTerminal: isTerminal).text + "\n"
    if let promtool = StatFormTests.path("promtool") {
      let (status, said) = try StatFormTests.run(promtool, ["check", "metrics"], text)
      #expect(status == 0 && said.isEmpty, "\(said.prefix(2000))")
    }
    if isTerminal { #expect(Self.isVisible(text)) }
    let found = text.utf8.split(separator: 0x0a).filter { $0.starts(with: "dmabuf_process_bytes{".utf8) }
    try #require(found.count == Self.texts.count)
    let lines = Set(found.map { Array($0) })
    for (index, text) in Self.texts.enumerated() {
      var value = isTerminal ? Escaping.visible(text) : text
      for (from, to) in [("\\", "\\\\"), ("\"", "\\\""), ("\n", "\\n")] {
        value = String(decoding: Array(value.utf8).replacing(Array(from.utf8), with: Array(to.utf8)), as: UTF8.self)
      }
      let start = Array("dmabuf_process_bytes{pid=\"\(1000 + index)\",comm=\"\(value)\"".utf8)
      #expect(lines.contains { $0.starts(with: start) })
    }
  }

  static var checks: CheckReport {
    CheckReport(
      texts.enumerated().map { index, text in
        ConformanceResult(
          id: "C\(index)", target: "drm:\(text)", verdict: index % 2 == 0 ? .fail : .skip, expected: "1", found: text,
          reason: text)
      }, sentences: [:], kernel: KernelVersion(release: "6.12"))
  }

  @Test("XML has the original text", .enabled(if: StatFormTests.path("python3") != nil, "needs python3"))
  func xml() throws {
    let document = Self.checks.junit()
    #expect(Self.isVisible(document))
    if let xmllint = StatFormTests.path("xmllint") {
      let (status, said) = try StatFormTests.run(xmllint, ["--noout", "-"], document)
      #expect(status == 0 && said.isEmpty, "\(said.prefix(2000))")
    }
    let cases = try Self.python(
      """
      import sys, json, xml.etree.ElementTree as tree
      root = tree.fromstring(sys.stdin.buffer.read())
      print(json.dumps([[c.get('classname'), c[0].get('message'), c[0].text or ''] for c in root.iter('testcase')]))
      """, document)
    try #require(cases.count == Self.texts.count)
    for (index, (text, found)) in zip(Self.texts, cases).enumerated() {
      let shown = Escaping.visible(text)
      let wanted =
        index % 2 == 0 ? ["drm:\(shown)", "expected 1, found \(shown)", shown] : ["drm:\(shown)", shown, ""]
      #expect(found.map { Array($0.utf8) } == wanted.map { Array($0.utf8) })
    }
  }

  @Test("TAP has a line for each test, and only its own directives")
  func tap() throws {
    let document = Self.checks.tap()
    #expect(Self.isVisible(document))
    let lines = document.utf8.split(separator: 0x0a)
    #expect(lines.count { $0.starts(with: "ok ".utf8) || $0.starts(with: "not ok ".utf8) } == Self.texts.count)
    for line in lines where line.starts(with: "not ok ".utf8) {
      // A directive begins at a # without a backslash before it.
      let bytes = Array(line)
      #expect(bytes.indices.allSatisfy { bytes[$0] != UInt8(ascii: "#") || bytes[$0 - 1] == UInt8(ascii: "\\") })
    }
    guard StatFormTests.path("perl") != nil else { return }
    let (status, said) = try StatFormTests.run(
      #require(StatFormTests.path("perl")),
      [
        "-MTAP::Parser", "-e",
        "local $/; $p = TAP::Parser->new({tap => <STDIN>}); $p->run; print $p->tests_run, ' ', scalar $p->skipped, ' ', scalar $p->todo, ' ', scalar $p->parse_errors;",
      ],
      document)
    if status == 0 {
      let skips = Self.checks.totals.skip
      #expect(said.hasSuffix("\(Self.texts.count) \(skips) 0 0"), "\(said.suffix(500))")
    }
  }

  @Test("python's csv reads the original text", .enabled(if: StatFormTests.path("python3") != nil, "needs python3"))
  func csv() throws {
    let skips = Self.texts.map {
      BenchReport.Skip(
        operation: "import", source: "heap:\($0)", device: $0, driver: UntrustedText($0.utf8), size: 1, reason: $0)
    }
    let report = BenchReport(
      kernel: "6.12", cpu: nil, warmUp: 0, count: 1, duration: nil, results: [], skipped: skips, comparison: nil)
    #expect(Self.isVisible(report.csv()) && Self.isVisible(report.text(style: Style(isColored: false, width: 60))))
    let rows = try Self.python(
      """
      import sys, csv, json, io
      text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')
      print(json.dumps([row for row in csv.reader(text, strict=True)]))
      """, report.csv())
    try #require(rows.count == Self.texts.count + 1)
    for (text, row) in zip(Self.texts, rows.dropFirst()) {
      let shown = Self.escaped(text)
      #expect(
        [row[1], row[2], row[3], row[17]].map { Array($0.utf8) }
          == ["heap:\(shown)", shown, shown, shown].map { Array($0.utf8) })
    }
  }
}

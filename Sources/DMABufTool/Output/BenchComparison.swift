// SPDX-License-Identifier: MIT
import DMABuf
import FoundationEssentials

/// An earlier run of `bench`, decoded from its JSON document.
struct BenchSnapshot: Decodable {
  struct Result: Decodable {
    let operation: String
    let source: String
    let driver: String?
    let size: Int
    let firstQuartile: UInt64
    let median: UInt64
    let thirdQuartile: UInt64

    enum CodingKeys: String, CodingKey {
      case operation, source, driver, size
      case firstQuartile = "p25_ns"
      case median = "p50_ns"
      case thirdQuartile = "p75_ns"
    }
  }

  let schema: String
  let kernel: String
  let cpu: Int?
  let results: [Result]

  init(parsing text: some Collection<UInt8>, from subject: String) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(text))
    } catch {
      throw Failure(
        "cannot compare \(subject): it is not a run of bench", hint: "use dmabuf bench --json to save a run")
    }
    guard schema == "dmabuf.bench/1", results.allSatisfy({ $0.size > 0 }) else {
      throw Failure("\(subject) is a \(UntrustedText(schema.utf8).escaped), not a dmabuf.bench/1")
    }
  }
}

/// The changes between two runs: their medians side by side.
struct BenchComparison: Encodable {
  enum Verdict: String, Encodable {
    case faster, slower, same
    /// Only one of the runs has the measurement.
    case appeared, gone
  }

  struct Row: Encodable {
    let operation: String
    let source: String
    @Nullable var driver: UntrustedText?
    let size: Int
    @Nullable var before: UInt64?
    @Nullable var now: UInt64?
    @Nullable var ratio: Double?
    let verdict: Verdict

    enum CodingKeys: String, CodingKey {
      case operation, source, driver, size, ratio, verdict
      case before = "before_p50_ns"
      case now = "p50_ns"
    }
  }

  /// A smaller change of the median counts as the same.
  static let leastChange = 0.05

  /// The earlier run's kernel.
  let kernel: String
  /// The processor that the earlier run was bound to.
  @Nullable var cpu: Int?
  let rows: [Row]

  init(from earlier: BenchSnapshot, to report: BenchReport) {
    kernel = earlier.kernel
    cpu = earlier.cpu
    let pairs = report.results.map { result in
      Row(result, earlier.results.first { $0.isSame(as: result) })
    }
    let gone = earlier.results.filter { old in !report.results.contains { old.isSame(as: $0) } }
    rows = pairs + gone.map { Row(gone: $0) }
  }

  func text(style: Style) -> String {
    var table = Table(
      .init("OPERATION"), .init("BEFORE", .right), .init("NOW", .right), .init("CHANGE", .right), .init(""))
    table.rows = rows.map { row in
      [
        "  " + UntrustedText(row.operation.utf8).escaped, row.before.map(Units.shortTime) ?? "-",
        row.now.map(Units.shortTime) ?? "-", row.ratio.map(Self.percent) ?? "-", row.verdict.rawValue,
      ]
    }
    let lines = table.lines(style: style)
    var shown = [lines[0]]
    for (index, row) in rows.enumerated() {
      if index == 0 || row.place != rows[index - 1].place { shown.append(style.bold(style.fit(row.place))) }
      shown.append(lines[index + 1])
    }
    let processor = cpu.map { ", on processor \($0)" } ?? ""
    return (shown + ["", "Before: Linux \(UntrustedText(kernel.utf8).escaped)\(processor)."])
      .joined(separator: "\n")
  }

  private static func percent(_ ratio: Double) -> String {
    let tenths = Int(((ratio - 1) * 1000).rounded())
    return (tenths < 0 ? "-" : "+") + "\(abs(tenths) / 10).\(abs(tenths) % 10) %"
  }
}

extension BenchComparison.Row {
  init(_ result: BenchReport.Result, _ earlier: BenchSnapshot.Result?) {
    var ratio: Double?
    var verdict: BenchComparison.Verdict = .appeared
    if let earlier {
      // A ratio to 0 is undefined, so the medians, in whole nanoseconds, are at least 1.
      let change = min(Double(max(1, result.median)) / Double(max(1, earlier.median)), 1e9)
      // A median between the quartiles of the other run may be chance.
      let isChance =
        abs(change - 1) < BenchComparison.leastChange
        || earlier.firstQuartile <= result.median && result.median <= earlier.thirdQuartile
        || result.firstQuartile <= earlier.median && earlier.median <= result.thirdQuartile
      verdict = isChance ? .same : change > 1 ? .slower : .faster
      ratio = change
    }
    self.init(
      operation: result.operation, source: result.source, driver: result.driver, size: result.size,
      before: earlier?.median, now: result.median, ratio: ratio, verdict: verdict)
  }

  init(gone earlier: BenchSnapshot.Result) {
    self.init(
      operation: earlier.operation, source: earlier.source, driver: earlier.driver.map { UntrustedText($0.utf8) },
      size: earlier.size, before: earlier.median, now: nil, ratio: nil, verdict: .gone)
  }

  var place: String { BenchReport.place(source, size, driver) }

  func isSlower(by percent: Int) -> Bool {
    verdict == .slower && (ratio ?? 1) > 1 + Double(percent) / 100
  }
}

extension BenchSnapshot.Result {
  /// Compares drivers instead of nodes, because nodes may have other numbers after a reboot.
  func isSame(as result: BenchReport.Result) -> Bool {
    operation == result.operation && source == result.source && size == result.size && driver == result.driver?.string
  }
}

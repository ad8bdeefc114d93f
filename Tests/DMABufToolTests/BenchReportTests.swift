// SPDX-License-Identifier: MIT
import DMABuf
import Foundation
import Testing

@testable import DMABufTool

@Suite("Reports of bench")
struct BenchReportTests {
  static func result(
    _ operation: String = "sync", _ median: UInt64 = 1000, quartiles: ClosedRange<UInt64>? = nil,
    source: String = "heap:system", driver: String? = nil, size: Int = 4096
  ) -> BenchReport.Result {
    let around = quartiles ?? (median - median / 100)...(median + median / 100)
    return BenchReport.Result(
      operation: operation, source: source, device: driver.map { _ in "/dev/dri/renderD128" },
      driver: driver.map { UntrustedText($0.utf8) }, size: size, count: 1_000_000, minimum: median / 2,
      firstQuartile: around.lowerBound, median: median, thirdQuartile: around.upperBound, percentile95: median * 3,
      percentile99: median * 10, maximum: median * 100, mean: median, outliers: 12345, outlierLimit: median * 2,
      bytesPerSecond: operation == "read" ? 98_765_432_100 : nil, caching: operation == "read" ? "cached" : nil,
      ordinaryBytesPerSecond: operation == "read" ? 98_765_432_100 : nil)
  }

  static func report(_ results: [BenchReport.Result], skipped: [BenchReport.Skip] = []) -> BenchReport {
    BenchReport(
      kernel: "6.12.0", cpu: nil, warmUp: 5, count: nil, duration: 200_000_000, results: results, skipped: skipped,
      comparison: nil)
  }

  static func compare(_ before: [BenchReport.Result], _ now: [BenchReport.Result]) throws -> BenchComparison {
    let earlier = try BenchSnapshot(parsing: report(before).json().utf8, from: "before")
    return BenchComparison(from: earlier, to: report(now))
  }

  static let plain = Style(isColored: false, width: nil)

  // MARK: Comparing

  @Test(
    "Different medians that are outside the quartiles of each other are a change",
    arguments: [
      (1000, 2000, BenchComparison.Verdict.slower), (2000, 1000, .faster), (1000, 1049, .same), (1000, 1060, .slower),
      (0, 1, .same), (0, 2, .slower), (UInt64.max / 200, 1, .faster),
    ] as [(UInt64, UInt64, BenchComparison.Verdict)])
  func verdicts(_ before: UInt64, _ now: UInt64, _ verdict: BenchComparison.Verdict) throws {
    #expect(try Self.compare([Self.result("sync", before)], [Self.result("sync", now)]).rows[0].verdict == verdict)
  }

  @Test("A difference that may be chance is no change")
  func chance() throws {
    let wide = Self.result("sync", 1000, quartiles: 500...3000)
    #expect(try Self.compare([wide], [Self.result("sync", 2000)]).rows[0].verdict == .same)
    #expect(try Self.compare([Self.result("sync", 2000)], [wide]).rows[0].verdict == .same)
  }

  @Test("Operations are matched by source, size and driver")
  func matching() throws {
    let before = [
      Self.result("import", 1000, driver: "vgem"), Self.result("import", 5000, driver: "vkms"),
      Self.result("import", 9000, driver: "vgem", size: 8192),
    ]
    let rows = try Self.compare(before, [Self.result("import", 5000, driver: "vkms"), Self.result("alloc")]).rows
    #expect(rows.map(\.verdict) == [.same, .appeared, .gone, .gone])
    #expect(rows.map(\.before) == [5000, nil, 1000, 9000])
  }

  @Test("An operation fails only if it is slower by more than the percentage")
  func threshold() throws {
    let row = try Self.compare([Self.result("sync", 1000)], [Self.result("sync", 1500)]).rows[0]
    #expect(row.isSlower(by: 49) && !row.isSlower(by: 50))
    let faster = try Self.compare([Self.result("sync", 1500)], [Self.result("sync", 1000)]).rows[0]
    #expect(!faster.isSlower(by: 0))
  }

  @Test(
    "A document that is not from bench is refused", arguments: ["", "{}", "[1]", #"{"schema":"dmabuf.bench/1"}"#])
  func nonsense(_ text: String) {
    #expect(throws: Failure.self) { try BenchSnapshot(parsing: text.utf8, from: "file") }
  }

  @Test("The words of an earlier document cannot control the terminal, and its numbers cannot stop the program")
  func hostile() throws {
    let text = """
      {"schema":"dmabuf.bench/1","kernel":"\\u001b[31m","results":[{"operation":"\\u001b[2J","source":"a\\nb",\
      "driver":"\\u202e","size":9223372036854775807,"p25_ns":0,"p50_ns":18446744073709551615,"p75_ns":0}]}
      """
    let earlier = try BenchSnapshot(parsing: text.utf8, from: "file")
    let shown = BenchComparison(from: earlier, to: Self.report([Self.result()])).text(style: Self.plain)
    #expect(!shown.contains("\u{1b}") && !shown.contains("a\nb") && !shown.contains("\u{202e}"))
    let negative = text.replacing("9223372036854775807", with: "-1")
    #expect(throws: Failure.self) { try BenchSnapshot(parsing: negative.utf8, from: "file") }
  }

  // MARK: Forms

  @Test("The table fits on a terminal of 80 columns")
  func width() {
    let lines = Self.report([Self.result("receive", 999_000), Self.result("read", 54_321_000_000)])
      .text(style: Self.plain).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
  }

  @Test("Operations that are skipped for one reason are reported once, with the places if not everywhere")
  func skips() {
    func skip(_ operation: String, _ size: Int, _ reason: String) -> BenchReport.Skip {
      BenchReport.Skip(operation: operation, source: "udmabuf", device: nil, driver: nil, size: size, reason: reason)
    }
    let skipped = [skip("import", 4096, "no"), skip("release", 4096, "no"), skip("import", 8192, "no")]
    let everywhere = Self.report([Self.result(source: "udmabuf")], skipped: skipped).text(style: Self.plain)
    #expect(everywhere.hasSuffix("\nimport, release  no"))
    let somewhere = Self.report([Self.result()], skipped: skipped).text(style: Self.plain)
    #expect(somewhere.hasSuffix("\nimport, release  no (udmabuf, 4K; udmabuf, 8K)"))
  }

  @Test(
    "Fields with commas, quotes or newlines are quoted",
    arguments: [
      ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"no\"", "\"say \"\"no\"\"\""), ("a\nb", "a\\nb"), ("", ""),
    ])
  func quoting(_ field: String, _ quoted: String) {
    #expect(Escaping.csv(field) == quoted)
  }

  @Test("All lines of values have as many fields as the heading")
  func fields() {
    let skip = BenchReport.Skip(
      operation: "qbuf", source: "udmabuf", device: nil, driver: nil, size: 4096, reason: "too small")
    let lines = Self.report([Self.result(), Self.result("import", driver: "vgem")], skipped: [skip]).csv()
      .split(separator: "\n")
    #expect(lines.count == 4)
    #expect(Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }) == [18])
    #expect(lines[3].hasSuffix(",too small"))
  }

  @Test("The document has all documented keys")
  func keys() throws {
    let document = try JSONTests.object(Self.report([Self.result()]).json())
    #expect(
      Set(document.keys) == [
        "schema", "kernel", "cpu", "warm_up", "count", "duration_ns", "results", "skipped", "comparison",
      ])
    let result = try #require((document["results"] as? [[String: Any]])?.first)
    #expect(
      Set(result.keys) == [
        "operation", "source", "device", "driver", "size", "count", "min_ns", "p25_ns", "p50_ns", "p75_ns", "p95_ns",
        "p99_ns", "max_ns", "mean_ns", "outliers", "outlier_limit_ns", "bytes_per_second", "caching",
        "ordinary_bytes_per_second",
      ])
  }

  // MARK: Words

  @Test(
    "Times have three digits",
    arguments: [
      (0, "0ns"), (999, "999ns"), (1000, "1.00µs"), (1234, "1.23µs"), (12_345, "12.3µs"), (123_456, "123µs"),
      (1_234_567, "1.23ms"), (987_654_321, "988ms"), (1_500_000_000, "1.50s"), (UInt64.max, "18446744074s"),
    ] as [(UInt64, String)])
  func shortTime(_ nanoseconds: UInt64, _ text: String) {
    #expect(Units.shortTime(nanoseconds) == text)
  }

  @Test("Sizes are separated by commas", arguments: [("4K", [4096]), ("4K,1M", [4096, 1 << 20])])
  func sizes(_ text: String, _ sizes: [Int]) throws {
    #expect(try BenchSizes(text).all == sizes)
  }

  @Test("Lists with an empty element are refused", arguments: ["", ",", "4K,", "4K,,8K", "4K 8K", "0"])
  func badSizes(_ text: String) {
    #expect(throws: (any Error).self) { try BenchSizes(text) }
  }
}

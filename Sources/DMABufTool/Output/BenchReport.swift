// SPDX-License-Identifier: MIT
import DMABuf
import DMABufBench

/// The measurements of `bench`.
struct BenchReport: Report, Encodable {
  struct Result: Encodable {
    let operation: String
    let source: String
    @Nullable var device: String?
    @Nullable var driver: UntrustedText?
    let size: Int
    let count: Int
    let minimum: UInt64
    let firstQuartile: UInt64
    let median: UInt64
    let thirdQuartile: UInt64
    let percentile95: UInt64
    let percentile99: UInt64
    let maximum: UInt64
    let mean: UInt64
    let outliers: Int
    let outlierLimit: UInt64
    @Nullable var bytesPerSecond: UInt64?
    @Nullable var caching: String?
    @Nullable var ordinaryBytesPerSecond: UInt64?

    enum CodingKeys: String, CodingKey {
      case operation, source, device, driver, size, count, outliers, caching
      case minimum = "min_ns"
      case firstQuartile = "p25_ns"
      case median = "p50_ns"
      case thirdQuartile = "p75_ns"
      case percentile95 = "p95_ns"
      case percentile99 = "p99_ns"
      case maximum = "max_ns"
      case mean = "mean_ns"
      case outlierLimit = "outlier_limit_ns"
      case bytesPerSecond = "bytes_per_second"
      case ordinaryBytesPerSecond = "ordinary_bytes_per_second"
    }
  }

  struct Skip: Encodable {
    let operation: String
    let source: String
    @Nullable var device: String?
    @Nullable var driver: UntrustedText?
    let size: Int
    let reason: String
  }

  let schema = "dmabuf.bench/1"
  let kernel: String
  @Nullable var cpu: Int?
  let warmUp: Int
  @Nullable var count: Int?
  @Nullable var duration: UInt64?
  let results: [Result]
  let skipped: [Skip]
  @Nullable var comparison: BenchComparison?

  enum CodingKeys: String, CodingKey {
    case schema, kernel, cpu, count, results, skipped, comparison
    case warmUp = "warm_up"
    case duration = "duration_ns"
  }

  // MARK: Text

  func text(style: Style) -> String {
    var lines = results.isEmpty ? [] : measured(style) + verdicts()
    if let comparison { lines += ["", comparison.text(style: style)] }
    if !skipped.isEmpty { lines += (lines.isEmpty ? [] : [""]) + skips(style) }
    return lines.joined(separator: "\n")
  }

  /// A line for each operation, below a heading for source, size and driver.
  private func measured(_ style: Style) -> [String] {
    var table = Table(
      .init("OPERATION"), .init("COUNT", .right), .init("MIN", .right), .init("P50", .right), .init("P95", .right),
      .init("P99", .right), .init("MAX", .right), .init("OUT", .right), .init("RATE", .right))
    table.rows = results.map { result in
      let times = [result.minimum, result.median, result.percentile95, result.percentile99, result.maximum]
      return ["  " + result.operation, "\(result.count)"] + times.map(Units.shortTime)
        + ["\(result.outliers)", result.bytesPerSecond.map(Units.rate) ?? ""]
    }
    let lines = table.lines(style: style)
    var shown = [lines[0]]
    for (index, result) in results.enumerated() {
      let place = result.place
      if index == 0 || place != results[index - 1].place { shown.append(style.bold(style.fit(place))) }
      shown.append(lines[index + 1])
    }
    return shown
  }

  private func verdicts() -> [String] {
    let found = results.filter { $0.caching != nil && $0.operation == TimedOperation.read.rawValue }
    return found.isEmpty
      ? []
      : [""]
        + found.map { result in
          let ordinary = Units.rate(result.ordinaryBytesPerSecond ?? 0)
          return "\(result.place): mapped \(result.caching ?? "?"); ordinary memory reads at \(ordinary)"
        }
  }

  /// The skipped measurements, grouped by reason.
  private func skips(_ style: Style) -> [String] {
    struct Group {
      var operations: [String]
      let reason: String
      var places: [String]
    }
    var groups: [Group] = []
    for skip in skipped {
      let place = Self.place(skip.source, skip.size, nil)
      if let index = groups.firstIndex(where: { $0.reason == skip.reason }) {
        if !groups[index].operations.contains(skip.operation) { groups[index].operations.append(skip.operation) }
        if !groups[index].places.contains(place) { groups[index].places.append(place) }
      } else {
        groups.append(Group(operations: [skip.operation], reason: skip.reason, places: [place]))
      }
    }
    let sourcesAndSizes = results.map { Self.place($0.source, $0.size, nil) } + groups.flatMap(\.places)
    var table = Table(.init("SKIPPED"), .init("REASON"))
    table.rows = groups.map { group in
      // No measurement by itself has more than two operations.
      let what = group.operations.count > 3 ? "all" : group.operations.joined(separator: ", ")
      let isEverywhere = Set(sourcesAndSizes).isSubset(of: group.places)
      let places = isEverywhere ? "" : " (" + group.places.joined(separator: "; ") + ")"
      return [what, UntrustedText(group.reason.utf8).escaped + places]
    }
    return table.lines(style: style)
  }

  /// `heap:system, 8M`, and the driver of the device if there is one.
  static func place(_ source: String, _ size: Int, _ driver: UntrustedText?) -> String {
    let parts = [UntrustedText(source.utf8).escaped, Units.size(UInt64(size)), driver?.escaped]
    return parts.compactMap(\.self).joined(separator: ", ")
  }

  // MARK: CSV

  /// Comma-separated values as in RFC 4180, but with plain newlines: one line of names, and one for each result. A
  /// skipped measurement has a reason and no numbers.
  func csv() -> String {
    let names = [
      "operation", "source", "device", "driver", "size", "count", "min_ns", "p25_ns", "p50_ns", "p75_ns", "p95_ns",
      "p99_ns", "max_ns", "mean_ns", "outliers", "bytes_per_second", "caching", "skipped",
    ]
    let measured = results.map { result -> [String] in
      [
        result.operation, Self.shown(result.source), Self.shown(result.device), result.driver?.escaped ?? "",
        "\(result.size)",
      ]
        + [
          UInt64(result.count), result.minimum, result.firstQuartile, result.median, result.thirdQuartile,
          result.percentile95, result.percentile99, result.maximum, result.mean, UInt64(result.outliers),
        ].map { "\($0)" }
        + [result.bytesPerSecond.map { "\($0)" } ?? "", result.caching ?? "", ""]
    }
    let missing = skipped.map { skip -> [String] in
      [skip.operation, Self.shown(skip.source), Self.shown(skip.device), skip.driver?.escaped ?? "", "\(skip.size)"]
        + Array(repeating: "", count: 12) + [Self.shown(skip.reason)]
    }
    return ([names] + measured + missing).map { $0.map(Escaping.csv).joined(separator: ",") + "\n" }.joined()
  }

  /// Users may print tables of values on terminals, too, so the text is escaped.
  private static func shown(_ text: String?) -> String { UntrustedText((text ?? "").utf8).escaped }
}

extension BenchReport {
  init(_ run: BenchRun, repetition: Repetition, cpu: Int?) {
    var (count, duration): (Int?, UInt64?)
    switch repetition.limit {
    case .count(let turns): count = turns
    case .duration(let time): duration = UInt64(max(0, time / .nanoseconds(1)))
    }
    let skipped = run.skipped.map {
      Skip(
        operation: $0.operation.rawValue, source: "\($0.benchmark.source)", device: $0.device?.path,
        driver: $0.device?.driver, size: $0.benchmark.size, reason: $0.reason)
    }
    self.init(
      kernel: run.kernel, cpu: cpu, warmUp: repetition.warmUp, count: count, duration: duration,
      results: run.results.map { Result($0) }, skipped: skipped, comparison: nil)
  }
}

extension BenchReport.Result {
  init(_ result: BenchRun.Result) {
    let times = result.measurement.times
    let bandwidth = result.bandwidth
    self.init(
      operation: result.measurement.operation.rawValue, source: "\(result.benchmark.source)",
      device: result.device?.path, driver: result.device?.driver, size: result.benchmark.size, count: times.count,
      minimum: times.minimum, firstQuartile: times.firstQuartile, median: times.median,
      thirdQuartile: times.thirdQuartile, percentile95: times.percentile95, percentile99: times.percentile99,
      maximum: times.maximum, mean: times.mean, outliers: times.outliers, outlierLimit: times.outlierLimit,
      bytesPerSecond: result.measurement.bytesPerSecond, caching: bandwidth?.caching.rawValue,
      ordinaryBytesPerSecond: bandwidth.map {
        result.measurement.operation == .read ? $0.ordinaryReading : $0.ordinaryWriting
      })
  }

  var place: String { BenchReport.place(source, size, driver) }
}

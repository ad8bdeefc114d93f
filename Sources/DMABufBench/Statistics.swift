// SPDX-License-Identifier: MIT
/// Statistics of many durations, in nanoseconds. Percentiles are measured durations: the smallest that at least this
/// percentage of durations does not exceed.
public struct Statistics: Equatable, Sendable {
  /// The number of durations, at least one.
  public let count: Int
  /// The shortest duration.
  public let minimum: UInt64
  /// The 25th percentile.
  public let firstQuartile: UInt64
  /// The 50th percentile.
  public let median: UInt64
  /// The 75th percentile.
  public let thirdQuartile: UInt64
  /// The 95th percentile.
  public let percentile95: UInt64
  /// The 99th percentile.
  public let percentile99: UInt64
  /// The longest duration.
  public let maximum: UInt64
  /// The arithmetic mean, rounded down.
  public let mean: UInt64
  /// The number of durations that exceed ``outlierLimit``.
  public let outliers: Int
  /// The longest duration that is not an outlier. The limit is three times the interquartile range above the upper
  /// quartile (Tukey's outer fence), but at least twice the median. Durations that hardly differ have equal quartiles.
  public let outlierLimit: UInt64

  /// Computes the statistics of `times`, which has at least one element.
  public init(_ times: [UInt64]) {
    precondition(!times.isEmpty)
    let sorted = times.sorted()
    func percentile(_ percent: Int) -> UInt64 { sorted[max(0, (sorted.count * percent + 99) / 100 - 1)] }
    let (first, middle, third) = (percentile(25), percentile(50), percentile(75))
    let limit = max(third.addingSaturated((third - first).multipliedSaturated(3)), middle.multipliedSaturated(2))
    count = sorted.count
    minimum = sorted[0]
    (firstQuartile, median, thirdQuartile) = (first, middle, third)
    percentile95 = percentile(95)
    percentile99 = percentile(99)
    maximum = sorted[sorted.count - 1]
    mean = sorted.reduce(0) { $0.addingSaturated($1) } / UInt64(sorted.count)
    outlierLimit = limit
    outliers = sorted.reversed().prefix { $0 > limit }.count
  }
}

extension UInt64 {
  fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  fileprivate func multipliedSaturated(_ other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}

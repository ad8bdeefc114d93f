// SPDX-License-Identifier: MIT
/// What many times have in common, in nanoseconds. Percentiles are times that were measured: the smallest
/// that at least so many of a hundred do not exceed.
public struct Statistics: Equatable, Sendable {
  /// How many times there are, at least one.
  public let count: Int
  /// The shortest.
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
  /// The longest.
  public let maximum: UInt64
  /// The arithmetic mean, rounded down.
  public let mean: UInt64
  /// How many are longer than ``outlierLimit``.
  public let outliers: Int
  /// What is longer is an outlier: three times the distance of the quartiles above the upper one (Tukey's
  /// outer fence), but at least twice the median, as times that hardly differ have quartiles that are the same.
  public let outlierLimit: UInt64

  /// Sums up `times`, of which there is at least one.
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

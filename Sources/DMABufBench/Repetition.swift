// SPDX-License-Identifier: MIT
import DMABuf

/// The number of iterations of a measured operation.
public struct Repetition: Sendable {
  /// The end of a repetition.
  public enum Limit: Equatable, Sendable {
    /// After this number of iterations.
    case count(Int)
    /// After this time and at least ten iterations, or after five times this time.
    case duration(Duration)
  }

  /// The maximum number of iterations. Memory for their times is reserved before the first iteration.
  public static let most = 1_000_000

  /// The end of the repetition.
  public let limit: Limit
  /// Warm-up iterations, which are not measured. If the limit is a time, they take at most as long.
  public let warmUp: Int

  /// Creates a repetition.
  public init(_ limit: Limit, warmUp: Int) {
    self.limit = limit
    self.warmUp = warmUp
  }

  /// The durations of the two steps of an iteration, in nanoseconds.
  typealias Times = (first: UInt64, second: UInt64)

  /// Runs iterations, each of which measures and returns its own times. Nothing is allocated between iterations. Throws
  /// the error of an iteration, and ``Interrupted`` between iterations when the process was asked to end.
  func run(_ iteration: () throws -> Times) throws -> (first: Statistics, second: Statistics) {
    try iterate(warmUp, atLeast: 1) { _ = try iteration() }
    var first: [UInt64] = []
    var second: [UInt64] = []
    first.reserveCapacity(capacity)
    second.reserveCapacity(capacity)
    try iterate(capacity, atLeast: 10) {
      let times = try iteration()
      first.append(times.first)
      second.append(times.second)
    }
    return (Statistics(first), Statistics(second))
  }

  private var capacity: Int {
    if case .count(let count) = limit { min(count, Self.most) } else { Self.most }
  }

  private var span: Duration? {
    if case .duration(let duration) = limit { duration } else { nil }
  }

  private func iterate(_ most: Int, atLeast least: Int, _ iteration: () throws -> Void) throws {
    let (deadline, lastCall) = (span.map { Deadline(after: $0) }, span.map { Deadline(after: $0 * 5) })
    for number in 0..<most {
      try Interruption.check()
      try iteration()
      guard let deadline, let lastCall else { continue }
      if (number + 1 < least ? lastCall : deadline).isPast { return }
    }
  }
}

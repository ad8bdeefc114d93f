import DMABuf

/// How often something is done while it is timed.
public struct Repetition: Sendable {
  /// When it ends.
  public enum Limit: Equatable, Sendable {
    /// After so many turns.
    case count(Int)
    /// After that time; but not before ten turns, unless they take five times as long.
    case duration(Duration)
  }

  /// The most turns that are ever made: their times are kept in memory that is set aside before.
  public static let most = 1_000_000

  /// When it ends.
  public let limit: Limit
  /// Turns before, which are not counted; of a limit in time, they take at most as long again.
  public let warmUp: Int

  /// Describes a repetition.
  public init(_ limit: Limit, warmUp: Int) {
    self.limit = limit
    self.warmUp = warmUp
  }

  /// What two steps of each turn took, in nanoseconds.
  typealias Times = (first: UInt64, second: UInt64)

  /// Makes turns, each of which takes its own times and returns them. Nothing is allocated between turns.
  /// Throws what a turn throws, and ``Interrupted`` between two when the process was asked to end.
  func run(_ turn: () throws -> Times) throws -> (first: Statistics, second: Statistics) {
    try turns(warmUp, atLeast: 1) { _ = try turn() }
    var first: [UInt64] = []
    var second: [UInt64] = []
    first.reserveCapacity(capacity)
    second.reserveCapacity(capacity)
    try turns(capacity, atLeast: 10) {
      let times = try turn()
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

  private func turns(_ most: Int, atLeast least: Int, _ turn: () throws -> Void) throws {
    let (deadline, lastCall) = (span.map { Deadline(after: $0) }, span.map { Deadline(after: $0 * 5) })
    for number in 0..<most {
      try Interruption.check()
      try turn()
      guard let deadline, let lastCall else { continue }
      if (number + 1 < least ? lastCall : deadline).isPast { return }
    }
  }
}

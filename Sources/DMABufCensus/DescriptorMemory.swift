// SPDX-License-Identifier: MIT
internal import BitCollections
import Synchronization

/// What repeated censuses have learned about descriptors: those that were neither
/// dma-bufs nor sync_files are looked at each third time only, as reading a link costs most of the time.
///
/// A number that is closed and becomes a buffer's meanwhile is seen up to two censuses late.
public final class DescriptorMemory: Sendable {
  private static let turns = 3
  /// Higher numbers are looked at each time: a process may have one descriptor of any number, and what is
  /// remembered takes a bit for each number below.
  private static let remembered = 0..<Int32(65_536)

  private struct State {
    var turn = 0
    /// The descriptors that were something else, by process: at the last census, and at this one so far.
    var before: [Int32: BitSet] = [:]
    var now: [Int32: BitSet] = [:]
  }

  private let state = Mutex(State())

  /// Knows nothing yet.
  public init() {}

  /// One more census begins. Processes the last one did not see are forgotten.
  func beginCensus() {
    state.withLock { state in
      state.turn = (state.turn + 1) % Self.turns
      (state.before, state.now) = (state.now, [:])
    }
  }

  /// The descriptors of a process that need no look this time.
  func recall(_ pid: Int32) -> Recollection {
    state.withLock { Recollection(turn: $0.turn, others: $0.before[pid] ?? []) }
  }

  func remember(_ recollection: Recollection, of pid: Int32) {
    state.withLock { $0.now[pid] = recollection.seen }
  }

  /// Of one process.
  struct Recollection {
    fileprivate let turn: Int
    fileprivate let others: BitSet
    fileprivate var seen: BitSet = []

    /// Is this descriptor left alone this time?
    mutating func skips(_ number: Int32) -> Bool {
      guard DescriptorMemory.remembered.contains(number), Int(number) % DescriptorMemory.turns != turn,
        others.contains(Int(number))
      else {
        return false
      }
      seen.insert(Int(number))
      return true
    }

    /// It is neither a dma-buf nor a sync_file.
    mutating func addOther(_ number: Int32) {
      if DescriptorMemory.remembered.contains(number) { seen.insert(Int(number)) }
    }
  }
}

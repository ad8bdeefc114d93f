// SPDX-License-Identifier: MIT
internal import BitCollections
import Synchronization

/// Remembers which descriptors were neither dma-bufs nor sync_files, for repeated censuses. Such a descriptor is read
/// only in every third census, because reading links takes most of the time.
///
/// If such a number is closed and reused for a buffer, the buffer appears up to two censuses late.
public final class DescriptorMemory: Sendable {
  private static let turns = 3
  /// Higher numbers are read in every census. The memory needs one bit for each number, and a process may have a
  /// descriptor of any number.
  private static let remembered = 0..<Int32(65_536)

  private struct State {
    var turn = 0
    /// The descriptors of other kinds, by process: at the last census, and at this one so far.
    var before: [Int32: BitSet] = [:]
    var now: [Int32: BitSet] = [:]
  }

  private let state = Mutex(State())

  /// Creates an empty memory.
  public init() {}

  /// Begins a census. Processes that the last census did not see are forgotten.
  func beginCensus() {
    state.withLock { state in
      state.turn = (state.turn + 1) % Self.turns
      (state.before, state.now) = (state.now, [:])
    }
  }

  /// The descriptors of a process that this census need not read.
  func recall(_ pid: Int32) -> Recollection {
    state.withLock { Recollection(turn: $0.turn, others: $0.before[pid] ?? []) }
  }

  func remember(_ recollection: Recollection, of pid: Int32) {
    state.withLock { $0.now[pid] = recollection.seen }
  }

  /// The memory of one process.
  struct Recollection {
    fileprivate let turn: Int
    fileprivate let others: BitSet
    fileprivate var seen: BitSet = []

    mutating func skips(_ number: Int32) -> Bool {
      guard DescriptorMemory.remembered.contains(number), Int(number) % DescriptorMemory.turns != turn,
        others.contains(Int(number))
      else {
        return false
      }
      seen.insert(Int(number))
      return true
    }

    /// Remembers a descriptor that is neither a dma-buf nor a sync_file.
    mutating func addOther(_ number: Int32) {
      if DescriptorMemory.remembered.contains(number) { seen.insert(Int(number)) }
    }
  }
}

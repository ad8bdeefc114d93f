// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus

/// Which buffers of a census are meant.
struct StatSelection {
  /// What a filter goes by.
  enum Fact: String, CaseIterable {
    case exporter, size, name, user, unit
  }

  /// What becomes of a buffer.
  enum Verdict {
    /// It is meant, with these of its holders.
    case included(Census.Buffer)
    case excluded
    /// The fact that a filter goes by is unknown.
    case undecided(Fact)
  }

  /// Only these, if any are given.
  var inodes: [UInt64]?
  /// Only what processes of this user hold.
  var user: UInt32?
  /// Only what processes of these services or containers hold.
  var unitPattern: String?
  var exporter: UntrustedText?
  var namePattern: String?
  var minimumSize: UInt64 = 0
  /// Only what no process holds.
  var isKernelHeld = false
  /// Only what these processes hold, and those buffers of ``unheld`` that no process holds.
  var processes: Set<Int32>?
  var unheld: Set<UInt64> = []

  func select(_ buffer: Census.Buffer, in census: Census) -> Verdict {
    if let inodes, !inodes.contains(buffer.inode) { return .excluded }
    if isKernelHeld, !buffer.holders.isEmpty { return .excluded }
    var unknown: Fact?
    if let exporter, buffer.exporter != exporter {
      if buffer.exporter != nil { return .excluded }
      unknown = .exporter
    }
    if minimumSize > 0, buffer.size ?? 0 < minimumSize {
      if buffer.size != nil { return .excluded }
      unknown = unknown ?? .size
    }
    if let namePattern, !(buffer.name.map { Glob.matches($0, namePattern) } ?? false) {
      if buffer.isNamed != nil { return .excluded }
      unknown = unknown ?? .name
    }
    var buffer = buffer
    if let processes, !(buffer.holders.isEmpty && unheld.contains(buffer.inode)) {
      buffer.holders = buffer.holders.filter { processes.contains($0.pid) }
      if buffer.holders.isEmpty { return .excluded }
    }
    if user != nil || unitPattern != nil {
      let holders = buffer.holders
      buffer.holders = holders.filter { census.processes[$0.pid].map(select) ?? false }
      if buffer.holders.isEmpty {
        // A process that ended meanwhile, or one that cannot be seen, may be one that is meant.
        let isUnclear = holders.contains { holder in census.processes[holder.pid].map { !isKnown($0) } ?? true }
        guard isUnclear else { return .excluded }
        unknown = unknown ?? (user != nil ? .user : .unit)
      }
    }
    return unknown.map { .undecided($0) } ?? .included(buffer)
  }

  func select(_ process: Census.Process) -> Bool {
    if let processes, !processes.contains(process.pid) { return false }
    if let user, process.user != user { return false }
    guard let unitPattern else { return true }
    return process.controlGroup?.unit.map { Glob.matches($0, unitPattern) } ?? false
  }

  private func isKnown(_ process: Census.Process) -> Bool {
    (user == nil || process.user != nil) && (unitPattern == nil || process.controlGroup != nil)
  }

  /// Are all buffers meant? Then processes without any are, too: they may hold sync_files.
  var isWhole: Bool {
    inodes == nil && exporter == nil && namePattern == nil && minimumSize == 0 && !isKernelHeld
  }
}

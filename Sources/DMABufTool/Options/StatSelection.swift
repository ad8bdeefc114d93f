// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus

/// A selection of a census's buffers.
struct StatSelection {
  /// A property that a filter compares.
  enum Fact: String, CaseIterable {
    case exporter, size, name, user, unit
  }

  /// The result of the selection for a buffer.
  enum Verdict {
    /// The buffer is selected, with these of its holders.
    case included(Census.Buffer)
    case excluded
    /// The property that a filter compares is unknown.
    case undecided(Fact)
  }

  /// Only buffers with these inode numbers, unless `nil`.
  var inodes: [UInt64]?
  /// Only buffers that processes of this user hold.
  var user: UInt32?
  /// Only buffers that processes of these services or containers hold.
  var unitPattern: String?
  var exporter: UntrustedText?
  var namePattern: String?
  var minimumSize: UInt64 = 0
  /// Only buffers that no process holds.
  var isKernelHeld = false
  /// Only buffers that these processes hold, and those buffers of ``unheld`` that no process holds.
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
        // A process that has ended, or that cannot be read, may match the filter.
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

  /// Whether all buffers are selected. Then processes without buffers are shown, too: they may hold sync_files.
  var isWhole: Bool {
    inodes == nil && exporter == nil && namePattern == nil && minimumSize == 0 && !isKernelHeld
  }
}

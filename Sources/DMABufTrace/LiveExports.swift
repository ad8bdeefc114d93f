// SPDX-License-Identifier: MIT
/// The buffers that were exported in a trace and are not released yet, with the calls that led to their exports.
public struct LiveExports {
  /// An export whose buffer is alive.
  public struct Export: Sendable {
    /// The buffer, with its latest name.
    public var buffer: TraceEvent.Buffer
    /// The process that exported the buffer.
    public let process: TraceEvent.Process
    /// Nanoseconds of ``Clock``.
    public let time: UInt64
    /// The calls that led to the export.
    public let stack: StackTrace
  }

  private static let mostShared = 1 << 16

  private let reader = StackReader()
  private var exports: [UInt64: Export] = [:]
  /// One copy of each stack, which equal stacks share.
  private var shared: Set<StackTrace> = []

  /// Begins without exports.
  public init() {}

  /// All exports, by inode number.
  public var all: [Export] { exports.values.sorted { $0.buffer.inode < $1.buffer.inode } }

  /// Adds an event of the trace. Exports that are not `wanted` are left out.
  public mutating func add(_ event: TraceEvent, wanted: Bool) {
    guard let buffer = event.buffer else { return }
    switch event.step {
    case .export where event.errno == nil && wanted:
      let stack = sharing(reader.trace(of: event))
      exports[buffer.inode] = Export(buffer: buffer, process: event.process, time: event.time, stack: stack)
    // The inode number of a released buffer can return before Linux 5.18.
    case .release, .export: exports[buffer.inode] = nil
    default: if let name = buffer.name { exports[buffer.inode]?.buffer.name = name }
    }
  }

  /// To be called after the events of a moment: later events need a new look at their processes.
  public func endMoment() { reader.endMoment() }

  /// Removes the exports whose buffers a census does not have.
  public mutating func keep(_ inodes: Set<UInt64>) { exports = exports.filter { inodes.contains($0.key) } }

  /// The functions of all frames, as far as symbol tables have them.
  public func symbols(of exports: [Export]) -> [StackTrace.Frame: StackTrace.Symbol] {
    reader.symbols(of: exports.map(\.stack))
  }

  private mutating func sharing(_ stack: StackTrace) -> StackTrace {
    if shared.count >= Self.mostShared { shared = [] }
    return shared.insert(stack).memberAfterInsert
  }
}

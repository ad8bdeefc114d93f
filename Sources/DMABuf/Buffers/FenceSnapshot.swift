// SPDX-License-Identifier: MIT
public import BasicContainers
internal import CDMABuf
import Glibc
import SystemPackage

/// The fences of a buffer, sync_file or syncobj at one moment, their names and states then, and a way to wait for them.
public struct FenceSnapshot: ~Copyable, Sendable {
  /// The name that the user knows the buffer, sync_file or syncobj by.
  public let name: String
  /// The fences when the snapshot was made; `nil` for a buffer on a kernel before Linux 6.0, which does not report
  /// them. The list is empty for a buffer that no device uses, and for a point of a syncobj that is not submitted yet.
  public let fences: [Fence]?
  /// The points of a syncobj's timeline; `nil` for a buffer or a sync_file.
  public let points: SyncObject.Points?
  private let source: Source

  /// The file to poll. A sync_file is preferred, because it does not reference the buffer. Otherwise the buffer itself
  /// is polled, or an eventfd that the kernel signals when the syncobj reaches the point.
  private enum Source: ~Copyable, Sendable {
    case syncFile(SyncFile)
    case buffer(DMABuffer)
    case point(AwaitedPoint)
  }
  /// The `poll(2)` events. A buffer is readable when all writers are done, and writable when all readers are done, too.
  private let events: Int32

  /// Takes ownership of a descriptor of any of these kinds. A `point` other than 0 requires a syncobj.
  ///
  /// Throws ``WrongKind`` for any other descriptor.
  public init(_ file: consuming OpenFile, for direction: AccessDirection, at point: UInt64 = 0) throws {
    switch try DescriptorKind.of(descriptor: file.descriptor.rawValue) {
    case .syncObject: try self.init(SyncObject(trusting: file), at: point)
    case let kind where point > 0: throw WrongKind(subject: file.name, kind: kind, wanted: .syncObject)
    case .syncFile: try self.init(SyncFile(trusting: file))
    case .dmaBuffer: try self.init(DMABuffer(file), for: direction)
    case let kind: throw WrongKind(subject: file.name, kind: kind, wanted: .anyWithFences)
    }
  }

  /// Takes a snapshot of a point of a syncobj, or of its one fence when `point` is 0.
  ///
  /// Throws `EINVAL` before Linux 6.6 when there is no fence yet: these kernels cannot signal that a fence was
  /// submitted.
  public init(_ object: consuming SyncObject, at point: UInt64) throws(KernelError) {
    let name = object.file.name
    let points = try object.points()
    if let file = try object.exportSyncFile(at: point) {
      try self.init(file, named: name, points: points)
    } else {
      try self.init(awaiting: point, of: object, points: points)
    }
  }

  private init(awaiting point: UInt64, of object: consuming SyncObject, points: SyncObject.Points?)
    throws(KernelError)
  {
    let name = object.file.name
    source = .point(try AwaitedPoint(point, of: object))
    self.name = name
    fences = []
    self.points = points
    events = POLLIN
  }

  /// Takes ownership of a sync_file.
  public init(_ file: consuming SyncFile) throws(KernelError) {
    let name = file.file.name
    try self.init(file, named: name, points: nil)
  }

  private init(_ file: consuming SyncFile, named name: String, points: SyncObject.Points?) throws(KernelError) {
    fences = try file.information().fences
    self.name = name
    self.points = points
    events = POLLIN
    source = .syncFile(file)
  }

  /// Takes a snapshot of the fences that an access in this direction waits for, and releases the buffer.
  public init(_ buffer: consuming DMABuffer, for direction: AccessDirection) throws(KernelError) {
    let name = buffer.file.name
    do throws(KernelError) {
      let file = try buffer.exportSyncFile(for: direction)
      let found = try file.information().fences
      fences = found.count == 1 && found[0].isStub ? [] : found
      events = POLLIN
      source = .syncFile(file)
    } catch {
      guard error.errno == .inappropriateIOCTLForDevice else { throw error }
      fences = nil
      events = direction.readiness
      source = .buffer(buffer)
    }
    self.name = name
    points = nil
  }

  /// The same fences in their present state, with the names that they had when the snapshot was made.
  public func current() throws(KernelError) -> [Fence]? {
    if isUnsubmitted { return try information()?.fences ?? [] }
    guard let fences, let information = try information() else { return nil }
    if fences.isEmpty { return [] }
    if information.fences.count == fences.count {
      return zip(information.fences, fences).map { $0.remembering($1) }
    }
    // Signalled links of a fence chain disappear.
    guard information.status == .signalled else { return information.fences }
    return fences.map { fence in
      var fence = fence
      fence.status = .signalled
      return fence
    }
  }

  /// Whether no fence had been submitted at the point when the snapshot was made.
  public var isUnsubmitted: Bool {
    switch source {
    case .point: true
    case .syncFile: false
    case .buffer: false
    }
  }

  /// The present information of the sync_file; `nil` when there is no sync_file.
  public func information() throws(KernelError) -> SyncFile.Information? {
    switch source {
    case .syncFile(let file): return try file.information()
    case .point(let awaited): return try awaited.object.exportSyncFile(at: awaited.point)?.information()
    case .buffer: return nil
    }
  }

  private var descriptor: CInt {
    switch source {
    case .syncFile(let file): file.descriptorNumber
    case .buffer(let buffer): buffer.descriptorNumber
    case .point(let awaited): awaited.event.descriptor.rawValue
    }
  }

  /// What `poll` waits for. A method, because Swift 6.2 reads no computed property of an element of a `UniqueArray`.
  private func awaited() -> (descriptor: CInt, events: CInt) { (descriptor, events) }

  /// Waits until these fences have signalled, or until `deadline` has passed.
  ///
  /// Corresponds to `poll(2)`. Throws `EINTR` when the process was asked to end.
  ///
  /// - Returns: whether they have signalled.
  public func wait(deadline: Deadline? = nil) throws(KernelError) -> Bool {
    try Polling.poll(events, of: descriptor, on: name, deadline: deadline) != 0
  }

  /// How many snapshots to wait for.
  public enum Quorum: Sendable {
    /// Wait until the first has signalled.
    case any
    /// Wait until all have signalled.
    case all
  }

  /// Waits until the fences of any or of all snapshots have signalled, or until `deadline` has passed.
  ///
  /// Corresponds to `poll(2)`. Throws `EINTR` when the process was asked to end.
  ///
  /// - Returns: for each snapshot, whether its fences have signalled.
  public static func wait(
    for snapshots: borrowing UniqueArray<FenceSnapshot>, _ quorum: Quorum, deadline: Deadline?
  ) throws(KernelError) -> [Bool] {
    var isDone = [Bool](repeating: false, count: snapshots.count)
    var waiting = Array(0..<snapshots.count)
    var awaited: [(descriptor: CInt, events: CInt)] = []
    for index in waiting { awaited.append(snapshots[index].awaited()) }
    while let first = waiting.first {
      let ready = try Polling.poll(waiting.map { awaited[$0] }, on: snapshots[first].name, deadline: deadline)
      if ready.allSatisfy({ $0 == 0 }) { break }
      for (index, events) in zip(waiting, ready) where events != 0 { isDone[index] = true }
      waiting.removeAll { isDone[$0] }
      if quorum == .any { break }
    }
    return isDone
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
internal import CLibDRM
import Glibc
import SystemPackage

/// A DRM syncobj: a container behind a descriptor through which drivers and programs share fences. A syncobj has one
/// fence, which each new fence replaces, or a timeline with one fence at each submitted point.
///
/// A point is a number from 1 on; 0 stands for the one fence. A process with the descriptor may use every operation.
public struct SyncObject: ~Copyable, Sendable {
  /// The descriptor.
  public let file: OpenFile
  /// The node that owns the handle. Any device whose driver supports syncobjs will do. Closing the node ends the
  /// handle.
  private let node: DRMNode
  private let handle: UInt32

  /// The progress of a timeline.
  public struct Points: Equatable, Sendable {
    /// The last signalled point. All points before it have signalled, too.
    public let signalled: UInt64
    /// The last point that has a fence; 0 when there is no timeline.
    public let submitted: UInt64
  }

  /// Creates a syncobj, with one signalled fence if `isSignalled`, otherwise without a fence.
  ///
  /// Corresponds to `DRM_IOCTL_SYNCOBJ_CREATE` and `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD`. Throws ``NoSyncObjects`` when the
  /// driver does not support syncobjs.
  public init(on node: consuming DRMNode, isSignalled: Bool) throws {
    try node.requireSyncObjects()
    let flags = isSignalled ? UInt32(DRM_SYNCOBJ_CREATE_SIGNALED) : 0
    var handle: UInt32 = 0
    try node.call(.DRM_IOCTL_SYNCOBJ_CREATE) { unsafe drmSyncobjCreate($0, flags, &handle) }
    var number: CInt = -1
    try node.call(.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD) { unsafe drmSyncobjHandleToFD($0, handle, &number) }
    file = OpenFile(OwnedDescriptor(owning: number), name: "syncobj of \(node.path)")
    self.handle = handle
    self.node = node
  }

  /// Takes ownership of a descriptor after checking that it is a syncobj.
  ///
  /// Corresponds to `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE`. Throws ``WrongKind`` for any other file, ``NoSyncObjects`` when
  /// no node's driver supports syncobjs, and the error of a node that cannot be opened but whose driver may support
  /// them.
  public init(_ file: consuming OpenFile) throws {
    let kind = try DescriptorKind.of(descriptor: file.descriptor.rawValue)
    guard kind == .syncObject else { throw WrongKind(subject: file.name, kind: kind, wanted: .syncObject) }
    try self.init(trusting: file)
  }

  package init(trusting file: consuming OpenFile) throws {
    let node = try DRMNode.forSyncObjects()
    let number = file.descriptor.rawValue
    var handle: UInt32 = 0
    try node.call(.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, on: file.name) {
      unsafe drmSyncobjFDToHandle($0, number, &handle)
    }
    self.file = file
    self.handle = handle
    self.node = node
  }

  /// The descriptor's number, for passing the syncobj to a command.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// The progress of the timeline. Both points are 0 when the syncobj has no timeline.
  ///
  /// Corresponds to `DRM_IOCTL_SYNCOBJ_QUERY`. Returns `nil` when the driver does not support timelines.
  public func points() throws(KernelError) -> Points? {
    do throws(KernelError) {
      return Points(
        signalled: try query(flags: 0), submitted: try query(flags: UInt32(DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED)))
    } catch {
      if error.errno == .notSupportedOnSocket { return nil }
      throw error
    }
  }

  private func query(flags: UInt32) throws(KernelError) -> UInt64 {
    var handle = handle
    var point: UInt64 = 0
    try call(.DRM_IOCTL_SYNCOBJ_QUERY) { unsafe drmSyncobjQuery2($0, &handle, &point, 1, flags) }
    return point
  }

  /// Adds a signalled fence at a point.
  ///
  /// Corresponds to `DRM_IOCTL_SYNCOBJ_SIGNAL` and `DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL`.
  public func signal(at point: UInt64) throws(KernelError) {
    var handle = handle
    if point == 0 {
      try call(.DRM_IOCTL_SYNCOBJ_SIGNAL) { unsafe drmSyncobjSignal($0, &handle, 1) }
    } else {
      var point = point
      try call(.DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL) { unsafe drmSyncobjTimelineSignal($0, &handle, &point, 1) }
    }
  }

  /// Exports the fence at a point as a sync_file. Returns `nil` when there is no fence yet.
  ///
  /// Corresponds to `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD` with `EXPORT_SYNC_FILE`. This request does not support points
  /// before Linux 7, so `DRM_IOCTL_SYNCOBJ_TRANSFER` first copies the fence of a point into a temporary syncobj.
  public func exportSyncFile(at point: UInt64) throws(KernelError) -> SyncFile? {
    do throws(KernelError) {
      guard point > 0 else { return try exportSyncFile(of: handle) }
      return try withTemporary { copy throws(KernelError) in
        try transfer(from: handle, point, to: copy, 0)
        return try exportSyncFile(of: copy)
      }
    } catch {
      // EINVAL means that there is no fence.
      if error.errno == .invalidArgument { return nil }
      throw error
    }
  }

  private func exportSyncFile(of handle: UInt32) throws(KernelError) -> SyncFile {
    var number: CInt = -1
    try call(.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD) { unsafe drmSyncobjExportSyncFile($0, handle, &number) }
    return SyncFile(trusting: OpenFile(OwnedDescriptor(owning: number), name: "fence of \(file.name)"))
  }

  /// Imports the fence of a sync_file at a point, or in place of the one fence when `point` is 0.
  ///
  /// Corresponds to `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE` with `IMPORT_SYNC_FILE`, and for points
  /// `DRM_IOCTL_SYNCOBJ_TRANSFER`.
  public func importSyncFile(_ fence: borrowing SyncFile, at point: UInt64) throws(KernelError) {
    guard point > 0 else { return try importSyncFile(fence, into: handle) }
    try withTemporary { copy throws(KernelError) in
      try importSyncFile(fence, into: copy)
      try transfer(from: copy, 0, to: handle, point)
    }
  }

  private func importSyncFile(_ fence: borrowing SyncFile, into handle: UInt32) throws(KernelError) {
    let number = fence.descriptorNumber
    try call(.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE) { drmSyncobjImportSyncFile($0, handle, number) }
  }

  /// An eventfd that becomes readable once a point has been submitted and has signalled.
  ///
  /// Corresponds to `eventfd(2)` and `DRM_IOCTL_SYNCOBJ_EVENTFD` (Linux 6.6). Throws `EINVAL` on older kernels.
  package func event(at point: UInt64) throws(KernelError) -> OpenFile {
    let number = cdmabuf_eventfd()
    guard number >= 0 else { throw KernelError(.eventfd, on: file.name) }
    let event = OpenFile(OwnedDescriptor(owning: number), name: file.name)
    var argument = cdmabuf_syncobj_eventfd(handle: handle, flags: 0, point: point, fd: number, pad: 0)
    do throws(KernelError) {
      try node.file.ioctl(Request(.DRM_IOCTL_SYNCOBJ_EVENTFD, CDMABUF_DRM_IOCTL_SYNCOBJ_EVENTFD), &argument)
    } catch {
      throw KernelError(error.call, on: file.name, errno: error.errno)
    }
    return event
  }

  private func transfer(
    from source: UInt32, _ sourcePoint: UInt64, to target: UInt32, _ targetPoint: UInt64
  ) throws(KernelError) {
    try call(.DRM_IOCTL_SYNCOBJ_TRANSFER) { drmSyncobjTransfer($0, target, targetPoint, source, sourcePoint, 0) }
  }

  /// Calls `body` with the handle of a temporary syncobj.
  private func withTemporary<Result: ~Copyable>(
    _ body: (UInt32) throws(KernelError) -> Result
  ) throws(KernelError) -> Result {
    var copy: UInt32 = 0
    try call(.DRM_IOCTL_SYNCOBJ_CREATE) { unsafe drmSyncobjCreate($0, 0, &copy) }
    defer { drmSyncobjDestroy(node.descriptorNumber, copy) }
    return try body(copy)
  }

  private func call(_ name: KernelCall, _ body: (CInt) -> CInt) throws(KernelError) {
    try node.call(name, on: file.name, body)
  }
}

/// A point of a syncobj that has no fence yet.
struct AwaitedPoint: ~Copyable, Sendable {
  package let object: SyncObject
  package let point: UInt64
  /// Becomes readable once the point has been submitted and has signalled.
  package let event: OpenFile

  init(_ point: UInt64, of object: consuming SyncObject) throws(KernelError) {
    event = try object.event(at: point)
    self.point = point
    self.object = object
  }
}

/// An error: syncobjs are not supported.
public enum NoSyncObjects: Error, Equatable, Sendable {
  /// The driver of this node's device does not support syncobjs.
  case device(path: String, driver: UntrustedText)
  /// No device of this machine supports syncobjs.
  case machine
}

extension DRMNode {
  /// The driver's support of syncobjs.
  ///
  /// Corresponds to `DRM_IOCTL_GET_CAP` with `DRM_CAP_SYNCOBJ` and `DRM_CAP_SYNCOBJ_TIMELINE`.
  public enum SyncObjectSupport: Int, Comparable, Sendable {
    /// No syncobjs.
    case none
    /// Syncobjs with one fence.
    case binary
    /// Syncobjs with one fence and with timelines.
    case timeline

    /// Orders the values by how much the driver supports.
    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
  }

  /// The driver's support; see ``SyncObjectSupport``.
  public var syncObjects: SyncObjectSupport {
    func has(_ number: Int32) -> Bool { (try? capability(UInt64(number))) ?? 0 != 0 }
    guard has(DRM_CAP_SYNCOBJ) else { return .none }
    return has(DRM_CAP_SYNCOBJ_TIMELINE) ? .timeline : .binary
  }

  func requireSyncObjects() throws(NoSyncObjects) {
    if syncObjects == .none { throw .device(path: path, driver: driver) }
  }

  /// Returns the first node whose driver supports timelines, otherwise the first whose driver supports syncobjs.
  static func forSyncObjects() throws -> DRMNode {
    var best: DRMNode?
    var bestSupport = SyncObjectSupport.none
    var refusal: KernelError?
    for path in try pathsRenderFirst() {
      do throws(KernelError) {
        let node = try DRMNode(path)
        let support = node.syncObjects
        if support == .timeline { return node }
        if support > bestSupport {
          best = consume node
          bestSupport = support
        }
      } catch {
        refusal = refusal ?? error
      }
    }
    if let best { return best }
    if let refusal { throw refusal }
    throw NoSyncObjects.machine
  }
}

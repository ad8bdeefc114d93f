// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc
import SystemPackage

/// An error: the state of a display is not restored.
public struct StateNotRestored: Error, Sendable, CustomStringConvertible {
  /// The kernel's refusal.
  public let reason: KernelError
  /// The error that ended the presentation, if there was one.
  public let cause: (any Error)?

  /// One line with both errors.
  public var description: String {
    "\(reason): the former state of the display is not restored" + (cause.map { "; \($0)" } ?? "")
  }
}

extension DRMNode {
  /// Becomes DRM master for the time of `body`.
  ///
  /// Corresponds to `DRM_IOCTL_SET_MASTER` and `DRM_IOCTL_DROP_MASTER`. Throws `EBUSY` when another process is master,
  /// and `EACCES` without `CAP_SYS_ADMIN` unless this open file was master before.
  public func asMaster<Result>(_ body: () throws -> Result) throws -> Result {
    try call(.DRM_IOCTL_SET_MASTER) { drmSetMaster($0) }
    defer { DRMNode.dropMaster(descriptorNumber) }
    return try body()
  }

  /// Restores the connector, CRTC and planes of a pipeline after `body`, also after an error. Waits for at most
  /// `limit` until earlier commits end: the kernel cannot cancel a commit that waits for a fence.
  ///
  /// Throws ``StateNotRestored`` in addition to the errors of `body`.
  public func restoring<Result>(
    _ pipeline: DisplayPipeline, within limit: Duration, _ body: () throws -> Result
  ) throws -> Result {
    let state = try DisplayState(of: pipeline, on: self)
    let result: Swift.Result<Result, any Error>
    do { result = .success(try body()) } catch { result = .failure(error) }
    do throws(KernelError) {
      try state.restore(on: self, deadline: Deadline(after: limit))
    } catch {
      guard case .failure(let cause) = result else { throw StateNotRestored(reason: error, cause: nil) }
      throw StateNotRestored(reason: error, cause: cause)
    }
    return try result.get()
  }
}

/// The properties that a commit on a pipeline changes, with their values before.
struct DisplayState {
  private struct Object {
    let id: UInt32
    let kind: ObjectProperties.Kind
    let names: [String]
    let properties: ObjectProperties
  }

  private static let ofPlanes = [
    "FB_ID", "CRTC_ID", "CRTC_X", "CRTC_Y", "CRTC_W", "CRTC_H", "SRC_X", "SRC_Y", "SRC_W", "SRC_H",
  ]

  private let objects: [Object]
  private let crtc: UInt32
  /// The contents of the CRTC's mode. The kernel frees the blob with the state that uses it.
  private let mode: [UInt8]?

  init(of pipeline: DisplayPipeline, on node: borrowing DRMNode) throws(KernelError) {
    var objects: [Object] = []
    func add(_ id: UInt32, _ kind: ObjectProperties.Kind, _ names: [String]) throws(KernelError) {
      let properties = try ObjectProperties(of: id, kind, on: node)
      objects.append(Object(id: id, kind: kind, names: names, properties: properties))
    }
    try add(pipeline.connector.id, .connector, ["CRTC_ID"])
    if let writeback = pipeline.writeback { try add(writeback.id, .connector, ["CRTC_ID"]) }
    let crtcProperties = try ObjectProperties(of: pipeline.crtc, .crtc, on: node)
    try add(pipeline.crtc, .crtc, ["ACTIVE"])
    for plane in [pipeline.plane] + pipeline.others { try add(plane, .plane, Self.ofPlanes) }
    self.objects = objects
    crtc = pipeline.crtc
    let blob = crtcProperties["MODE_ID"].map { UInt32(truncatingIfNeeded: $0.value) } ?? 0
    mode = blob == 0 ? nil : try PropertyBlob.bytes(of: blob, on: node)
  }

  /// Commits the saved values. Repeats the commit while an earlier one is pending.
  func restore(on node: borrowing DRMNode, deadline: Deadline) throws(KernelError) {
    let request = try AtomicRequest(on: node)
    for object in objects {
      for name in object.names {
        guard let property = object.properties[name] else { continue }
        try request.set(name, property.value, of: object.id, object.properties)
      }
    }
    let properties = try ObjectProperties(of: crtc, .crtc, on: node)
    let blob: PropertyBlob? = try mode.map { bytes throws(KernelError) in try PropertyBlob(bytes, on: node) }
    switch blob {
    case .some(let blob): try request.set("MODE_ID", UInt64(blob.id), of: crtc, properties)
    case .none: try request.set("MODE_ID", 0, of: crtc, properties)
    }
    try commit(request, on: node, deadline: deadline)
  }

  private func commit(
    _ request: borrowing AtomicRequest, on node: borrowing DRMNode, deadline: Deadline
  ) throws(KernelError) {
    while true {
      do throws(KernelError) {
        return try request.commit(
          Int(DRM_MODE_ATOMIC_ALLOW_MODESET) | Int(DRM_MODE_ATOMIC_NONBLOCK), on: node)
      } catch {
        guard error.errno == .resourceBusy, !deadline.isPast else { throw error }
        usleep(5_000)
      }
    }
  }
}

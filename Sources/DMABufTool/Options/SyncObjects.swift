// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHolding

/// Which fence of a syncobj.
struct PointOptions: ParsableArguments {
  @Option(help: "Of a syncobj's timeline: the fence at this point, from 1 on.")
  var point: UInt64?

  /// The kernel's number for it, in which 0 is the syncobj's one fence.
  var number: UInt64 { point ?? 0 }

  func validate() throws {
    if point == 0 { throw ValidationError("points are numbers from 1 on; without --point it is the one fence") }
  }

  /// For commands that take buffers unless --syncobj says otherwise.
  func check(isSyncObject: Bool, hasDirection: Bool) throws {
    if isSyncObject, hasDirection { throw ValidationError("--read and --write are for buffers, not with --syncobj") }
    if !isSyncObject, point != nil { throw ValidationError("--point needs --syncobj") }
  }
}

extension Kept<SyncObject> {
  /// Makes a syncobj on a device.
  convenience init(on device: DeviceReference, isSignalled: Bool) throws {
    let found = try device.resolve(primary: false)
    guard found.subsystem == .drm else { throw Failure("\(device): syncobjs are of DRM devices") }
    self.init()
    append(try SyncObject(on: DRMNode(found.node), isSignalled: isSignalled), attached: "made on \(found.path)")
  }
}

extension SyncObject {
  /// A sync_file of the fence at a point.
  func syncFile(at point: UInt64) throws -> SyncFile {
    if let syncFile = try exportSyncFile(at: point) { return syncFile }
    let submitted = try points()?.submitted ?? 0
    guard point > 0 else { throw Failure("\(file.name): it has no fence yet") }
    throw Failure(
      "\(file.name): it has no fence at point \(point) yet",
      hint: submitted == 0 ? "no point of it has been submitted" : "the last that was submitted is \(submitted)")
  }

  /// Refuses a point that the timeline has come to: the kernel would take it, and get the order wrong.
  func checkNotSubmitted(_ point: UInt64) throws {
    guard point > 0, let submitted = try points()?.submitted, submitted >= point else { return }
    throw Failure("\(file.name): point \(point) is not ahead", hint: "the last that was submitted is \(submitted)")
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHolding

/// The option that chooses a fence of a syncobj.
struct PointOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Use the fence at point N, from 1, of a syncobj's timeline.", valueName: "N"))
  var point: UInt64?

  /// The kernel's number of the point, where 0 is the syncobj's one fence.
  var number: UInt64 { point ?? 0 }

  func validate() throws {
    if point == 0 { throw ValidationError("The value '0' is invalid for '--point <N>': it must be at least 1") }
  }

  /// The check of commands that expect a buffer unless `--syncobj` is set.
  func check(isSyncObject: Bool, hasDirection: Bool) throws {
    if isSyncObject, hasDirection { throw ValidationError("--read and --write need a buffer, not --syncobj") }
    if !isSyncObject, point != nil { throw ValidationError("--point needs --syncobj") }
  }
}

extension Kept<SyncObject> {
  convenience init(on device: DeviceReference, isSignalled: Bool) throws {
    let found = try device.resolve(primary: false)
    guard found.subsystem == .drm else {
      throw Failure("cannot create a syncobj on \(device): it is not a DRM device")
    }
    self.init()
    append(try SyncObject(on: DRMNode(found.node), isSignalled: isSignalled), attached: "created on \(found.path)")
  }
}

extension SyncObject {
  func syncFile(at point: UInt64) throws -> SyncFile {
    if let syncFile = try exportSyncFile(at: point) { return syncFile }
    let submitted = try points()?.submitted ?? 0
    guard point > 0 else { throw Failure("\(file.name): the syncobj has no fence yet") }
    throw Failure(
      "\(file.name): the syncobj has no fence at point \(point) yet",
      hint: submitted == 0 ? "no point has been submitted" : "the last submitted point is \(submitted)")
  }

  /// Throws for a point that the timeline has passed. The kernel would accept it and break the order of the points.
  func checkNotSubmitted(_ point: UInt64) throws {
    guard point > 0, let submitted = try points()?.submitted, submitted >= point else { return }
    throw Failure(
      "cannot use point \(point) of \(file.name): the timeline has passed it",
      hint: "the last submitted point is \(submitted)")
  }
}

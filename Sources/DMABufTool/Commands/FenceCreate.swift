// SPDX-License-Identifier: MIT
import ArgumentParser
import BasicContainers
import DMABuf
import DMABufExercise
import DMABufHolding

/// `dmabuf fence create`: a fence for tests, or a syncobj to put fences into.
struct FenceCreate: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make a fence that signals when it is told to, or a syncobj.",
    discussion: """
      --vgem attaches a fence of the virtual device vgem to a buffer, as if vgem wrote to it; after ten \
      seconds it signals by itself. --sw-sync makes a timeline and a fence on it, which fence import puts \
      into buffers; it needs root and a kernel with CONFIG_SW_SYNC, and taints Linux 7. Releasing what is \
      held ends the fence: of vgem it signals, of sw_sync it fails with ENOENT. --syncobj makes a syncobj, \
      which has no fence until one is put there or it is signalled.

      EXAMPLES
        dmabuf fence create --vgem camera --hold late
        dmabuf fence create --vgem camera --read --hold late --after 500ms
        dmabuf fence create --sw-sync --hold late; dmabuf fence import camera late
        dmabuf fence create --syncobj drm:amdgpu --hold frame
      """)

  @Flag(help: "A fence on a new sw_sync timeline.")
  var swSync = false

  @Option(
    help: ArgumentHelp("A fence of vgem's on this buffer.", valueName: "buffer"), completion: Completion.references,
    transform: Reference.init)
  var vgem: Reference?

  @Option(
    help: ArgumentHelp("A syncobj, by way of this device.", valueName: "device"), completion: Completion.devices,
    transform: DeviceReference.init)
  var syncobj: DeviceReference?

  @Flag(help: "syncobj: with a fence that has signalled.")
  var signalled = false

  @Option(help: "sw_sync: the value of the timeline, from 0 on, at which the fence signals.")
  var value: UInt32?

  @OptionGroup var access: DirectionOptions<Attached>

  /// The access that a fence of vgem is of.
  enum Attached: DirectionMeaning {
    static let read: ArgumentHelp = "vgem: as of a device that reads; writers wait."
    static let write: ArgumentHelp = "vgem: as of a device that writes; everyone waits (the default)."
  }

  @Option(help: "With --hold: signal it after this long (500ms, 2s).", transform: TimeSpan.init)
  var after: TimeSpan?

  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  @Argument(parsing: .postTerminator, help: "A command to run with the descriptors.")
  var command: [String] = []

  func validate() throws {
    if [swSync, vgem != nil, syncobj != nil].count(where: \.self) != 1 {
      throw ValidationError("either --sw-sync, --vgem <buffer> or --syncobj <device>")
    }
    if !swSync, value != nil { throw ValidationError("--value needs --sw-sync") }
    if vgem == nil, access.isGiven {
      throw ValidationError("--read and --write need --vgem; fence import has them too")
    }
    if syncobj == nil, signalled { throw ValidationError("--signalled needs --syncobj") }
    if syncobj != nil, after != nil { throw ValidationError("--after needs --sw-sync or --vgem") }
    if after != nil, keeping.hold == nil { throw ValidationError("--after needs --hold: the holder does it") }
    if let value { try TimelineValue.check(value) }
  }

  func run() throws {
    try checkKeeping()
    let schema = "dmabuf.fence-create/1"
    if let vgem { return try keep(vgemFence(on: vgem), schema: schema) }
    if let syncobj { return try keep(Kept(on: syncobj, isSignalled: signalled), schema: schema) }
    try keep(timelineFence(), schema: schema)
  }

  private func vgemFence(on reference: Reference) throws -> Kept<SyncFile> {
    let buffer = try reference.open()
    let device = try VGEM()
    let direction = access.ofFences
    let fence = try device.attachFence(to: buffer, for: direction)
    let files = Kept<SyncFile>()
    // A write fence is the only one that readers wait for; beside a read fence there may be others.
    let file = try buffer.exportSyncFile(for: direction == .write ? .read : .write)
    files.keepOpen(device.takeDescriptor())
    files.append(
      file, attached: "vgem fence \(fence) on ino:\(buffer.inode)", trigger: .vgem(fence), after: after?.duration)
    return files
  }

  private func timelineFence() throws -> Kept<SyncFile> {
    try .onTimeline(values: [value ?? 1], name: keeping.hold, after: after?.duration)
  }
}

/// `dmabuf fence timeline`: several fences on one timeline.
struct FenceTimeline: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Make fences at several values of one sw_sync timeline.",
    discussion: """
      They are held as NAME.0, NAME.1 and so on; fence signal of any advances the timeline for all. The \
      timeline ends with the last of them.

      EXAMPLES
        dmabuf fence timeline 1 2 5 --hold frame
        dmabuf fence signal frame.1
      """)

  @Argument(help: "The values, from 0 on, at which the fences signal.")
  var values: [UInt32]

  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  /// A command that inherits what was made.
  var command: [String] = []

  enum CodingKeys: CodingKey {
    case values, json, keeping
  }

  func validate() throws { try values.forEach(TimelineValue.check) }

  func run() throws {
    try checkKeeping()
    try keep(.onTimeline(values: values, name: keeping.hold), schema: "dmabuf.fence-timeline/1")
  }
}

/// Values that mean the future on a new timeline.
enum TimelineValue {
  static func check(_ value: UInt32) throws {
    guard value <= SWSyncTimeline.furthestValue else {
      throw ValidationError("The value '\(value)' is too far: timelines reach up to \(SWSyncTimeline.furthestValue)")
    }
  }
}

extension Kept<SyncFile> {
  /// Fences at these values of a new timeline, which is called as the fences are.
  static func onTimeline(values: [UInt32], name: HeldName?, after: Duration? = nil) throws -> Kept<SyncFile> {
    let name = name.map { "\($0)" } ?? "dmabuf"
    let timeline = try SWSyncTimeline(named: name)
    if SWSyncTimeline.taintsKernel {
      Diagnostics.say("fences of sw_sync taint this kernel: bit 14 of /proc/sys/kernel/tainted", hint: nil)
    }
    let files = Kept<SyncFile>()
    var fences = UniqueArray<SyncFile>()
    for value in values { fences.append(try timeline.makeFence(at: value)) }
    files.keepOpen(timeline.takeDescriptor())
    for value in values {
      files.append(
        fences.remove(at: 0), attached: "sw_sync timeline \(name) value \(value)", trigger: .timeline(value),
        after: after)
    }
    return files
  }
}

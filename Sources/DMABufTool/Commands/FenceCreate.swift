// SPDX-License-Identifier: MIT
import ArgumentParser
import BasicContainers
import DMABuf
import DMABufExercise
import DMABufHolding

/// `dmabuf fence create`: creates a test fence or a syncobj.
struct FenceCreate: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Create a test fence, or a syncobj.",
    usage: "dmabuf fence create [<options>] [-- <COMMAND> ...]",
    discussion: """
      --vgem attaches a fence of the virtual device vgem to a buffer, as if vgem wrote to it. The fence signals by \
      itself after ten seconds. --sw-sync creates a timeline and a fence on it. Use dmabuf fence import to add the \
      fence to a buffer. This timeline needs root and a kernel with CONFIG_SW_SYNC, and taints Linux 7. --syncobj \
      creates a syncobj. It has no fence until one is imported or signalled.

      Releasing a held fence ends it: a fence of vgem signals, a fence of sw_sync fails with ENOENT.

      EXAMPLES
        dmabuf fence create --vgem camera --hold busy  # as if vgem wrote to camera
        dmabuf fence create --vgem camera --read --hold busy --after 500ms  # read
        dmabuf fence create --sw-sync --hold busy      # a fence on a new timeline
        dmabuf fence import camera busy
        dmabuf fence create --syncobj drm:amdgpu --hold frame  # a syncobj
      """)

  @Flag(help: "Create a fence on a new sw_sync timeline. Needs root and CONFIG_SW_SYNC.")
  var swSync = false

  @Option(
    help: ArgumentHelp("Create a fence of vgem on the buffer REF.", valueName: "REF"),
    completion: Completion.references,
    transform: Reference.init)
  var vgem: Reference?

  @Option(
    help: ArgumentHelp("Create a syncobj on the DRM device DEVICE.", valueName: "DEVICE"),
    completion: Completion.devices,
    transform: DeviceReference.init)
  var syncobj: DeviceReference?

  @Flag(help: "Create the syncobj with a signalled fence. Needs --syncobj.")
  var signalled = false

  @Option(
    help: ArgumentHelp("Signal when the timeline reaches N, from 0. Needs --sw-sync. Default: 1.", valueName: "N"))
  var value: UInt32?

  @OptionGroup var access: DirectionOptions<Attached>

  /// The kind of access that the vgem fence stands for.
  enum Attached: DirectionMeaning {
    static let read: ArgumentHelp = "Attach the fence as that of a reader: writers wait. Needs --vgem."
    static let write: ArgumentHelp =
      "Attach the fence as that of a writer: readers and writers wait (the default). Needs --vgem."
  }

  @Option(
    help: ArgumentHelp("Signal the fence after DURATION (500ms, 2s). Needs --hold.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var after: TimeSpan?

  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
  var command: [String] = []

  func validate() throws {
    if [swSync, vgem != nil, syncobj != nil].count(where: \.self) != 1 {
      throw ValidationError("use exactly one of --sw-sync, --vgem <REF> and --syncobj <DEVICE>")
    }
    if !swSync, value != nil { throw ValidationError("--value needs --sw-sync") }
    if vgem == nil, access.isGiven {
      throw ValidationError("--read and --write need --vgem; for other fences use them with fence import")
    }
    if syncobj == nil, signalled { throw ValidationError("--signalled needs --syncobj") }
    if syncobj != nil, after != nil { throw ValidationError("--after needs --sw-sync or --vgem") }
    if after != nil, keeping.hold == nil {
      throw ValidationError("--after needs --hold: the holder signals the fence")
    }
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
    // For readers, the new write fence is the only fence of the buffer. A read fence can be one of several.
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

/// `dmabuf fence timeline`: creates several fences on one timeline.
struct FenceTimeline: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Create fences at several values of one sw_sync timeline.",
    usage: "dmabuf fence timeline <N> ... [<options>]",
    discussion: """
      The fences are held as NAME.0, NAME.1 and so on. dmabuf fence signal NAME.0 advances the timeline for all of \
      them. The timeline ends when the last fence is released.

      EXAMPLES
        dmabuf fence timeline 1 2 5 --hold frame  # frame.0, frame.1 and frame.2
        dmabuf fence signal frame.1               # frame.0 signals, too
      """)

  @Argument(help: ArgumentHelp("Values of the timeline, from 0, one for each fence.", valueName: "N"))
  var values: [UInt32]

  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  /// The command that inherits the new fences.
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

/// The values that are in the future of a new timeline.
enum TimelineValue {
  static func check(_ value: UInt32) throws {
    guard value <= SWSyncTimeline.furthestValue else {
      throw ValidationError(
        "The value '\(value)' is too large: timelines reach at most \(SWSyncTimeline.furthestValue)")
    }
  }
}

extension Kept<SyncFile> {
  /// Creates fences at these values of a new timeline. The timeline has the held name of the fences.
  static func onTimeline(values: [UInt32], name: HeldName?, after: Duration? = nil) throws -> Kept<SyncFile> {
    let name = name.map { "\($0)" } ?? "dmabuf"
    let timeline = try SWSyncTimeline(named: name)
    if SWSyncTimeline.taintsKernel {
      Diagnostics.say("fences of sw_sync taint this kernel: bit 14 of /proc/sys/kernel/tainted is set", hint: nil)
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

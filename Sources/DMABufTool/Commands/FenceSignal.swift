// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise
import DMABufHolding
import SystemPackage

/// `dmabuf fence signal`: signals test fences and syncobjs.
struct FenceSignal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal",
    abstract: "Signal held test fences, and syncobjs.",
    usage: "dmabuf fence signal <REF> ... [<options>]",
    discussion: """
      Signals test fences that are held by dmabuf fence create or fence timeline. A sw_sync timeline advances as \
      far as the fence needs, or by N. A syncobj of any process gets a signalled fence. The fence replaces the \
      previous one, or is added at a point of the timeline.

      EXAMPLES
        dmabuf fence signal busy               # one fence
        dmabuf fence signal frame.0 --by 2     # two steps of a timeline
        dmabuf fence signal 4711:12 --point 7  # a point of a syncobj
      """)

  @Argument(
    help: ArgumentHelp("Held test fences and syncobjs to signal.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @Option(
    help: ArgumentHelp("Advance the sw_sync timeline by N. Default: as far as the fence needs.", valueName: "N"))
  var by: UInt32?

  @OptionGroup var place: PointOptions
  @Flag(help: .json) var json = false

  func run() throws {
    try FenceSignalReport(fences: references.map(signal)).print(asJSON: json)
  }

  private func signal(_ reference: Reference) throws -> FenceSignalReport.Entry {
    guard case .held(let name) = reference else {
      return try signal(reference, reference.openSyncObject())
    }
    // Fetch only once: a moment later the name may belong to another holder.
    let (object, numbers) = try Holding.fetchAll(name)
    // Each descriptor gets an owner, so it is closed in any case.
    let file = OpenFile(OwnedDescriptor(owning: numbers[0]), name: "\(name)")
    let companion = numbers.count == 2 ? OpenFile(OwnedDescriptor(owning: numbers[1]), name: "\(name)") : nil
    for number in numbers.dropFirst(2) { _ = OwnedDescriptor(owning: number) }
    if object.kind == .syncObject { return try signal(reference, SyncObject(file)) }
    guard place.point == nil else { throw Failure("cannot signal \(name): --point needs a syncobj", status: .usage) }
    guard let trigger = object.trigger, let companion else {
      throw Failure(
        "cannot signal \(name): it is not a test fence",
        hint: "use dmabuf fence create for a test fence; other fences are signalled by their driver")
    }
    return try signal(name, file, trigger, companion)
  }

  private func signal(_ reference: Reference, _ object: consuming SyncObject) throws -> FenceSignalReport.Entry {
    guard by == nil else {
      throw Failure("cannot signal \(reference): --by needs a fence of sw_sync", status: .usage)
    }
    try object.checkNotSubmitted(place.number)
    try object.signal(at: place.number)
    let status = try object.syncFile(at: place.number).information().status
    return FenceSignalReport.Entry(
      name: "\(reference)", point: place.point, status: status.word, errno: status.errno)
  }

  private func signal(
    _ name: HeldName, _ file: consuming OpenFile, _ trigger: FenceTrigger, _ companion: consuming OpenFile
  ) throws -> FenceSignalReport.Entry {
    var steps: UInt32?
    switch trigger {
    case .vgem(let fence):
      guard by == nil else { throw Failure("cannot signal \(name): --by needs a fence of sw_sync", status: .usage) }
      try VGEM(companion).signal(fence)
    case .timeline(let value):
      let timeline = SWSyncTimeline(companion)
      let advance = try by ?? value - min(value, timeline.value())
      if advance > 0 { try timeline.advance(by: advance) }
      steps = advance
    }
    let status = try SyncFile(file).information().status
    return FenceSignalReport.Entry(name: "\(name)", by: steps, status: status.word, errno: status.errno)
  }
}

struct FenceSignalReport: Report, Encodable {
  struct Entry: Encodable {
    let name: String
    /// The number of steps that a timeline advanced.
    @Nullable var by: UInt32?
    /// The point of a syncobj's timeline.
    @Nullable var point: UInt64?
    let status: String
    @Nullable var errno: String?
  }

  let schema = "dmabuf.fence-signal/1"
  let fences: [Entry]

  func text(style: Style) -> String {
    fences.map { fence in
      let place =
        fence.by.map { ", timeline advanced by \($0)" } ?? fence.point.map { " at point \($0)" } ?? ""
      return "\(fence.name): \(Fence.Status.shown(fence.status, errno: fence.errno))\(place)"
    }.joined(separator: "\n")
  }
}

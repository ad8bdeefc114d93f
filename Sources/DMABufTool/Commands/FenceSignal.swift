// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise
import DMABufHolding
import SystemPackage

/// `dmabuf fence signal`: ends the waiting for a test fence.
struct FenceSignal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal",
    abstract: "Signal test fences that are held, and syncobjs.",
    discussion: """
      Takes the names that fence create and fence timeline hold. A sw_sync timeline is advanced as far as \
      the fence needs, or by N; who waits on it further ahead goes on waiting. A syncobj may be anybody's: it \
      gets a fence that has signalled, in place of the one it has or at a point of its timeline.

      EXAMPLES
        dmabuf fence signal late
        dmabuf fence signal frame.0 --by 2
        dmabuf fence signal 4711:12 --point 7
      """)

  @Argument(help: "What is held, and syncobjs.", completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @Option(help: ArgumentHelp("sw_sync: advance the timeline by this much.", valueName: "n"))
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
    // Fetched once: the name may be another's a moment later.
    let (object, numbers) = try Holding.fetchAll(name)
    // Each is closed in any case.
    let file = OpenFile(OwnedDescriptor(owning: numbers[0]), name: "\(name)")
    let companion = numbers.count == 2 ? OpenFile(OwnedDescriptor(owning: numbers[1]), name: "\(name)") : nil
    for number in numbers.dropFirst(2) { _ = OwnedDescriptor(owning: number) }
    if object.kind == .syncObject { return try signal(reference, SyncObject(file)) }
    guard place.point == nil else { throw Failure("\(name): --point is for syncobjs", status: .usage) }
    guard let trigger = object.trigger, let companion else {
      throw Failure(
        "\(name): only test fences can be signalled",
        hint: "dmabuf fence create makes such; any other fence is its driver's to signal")
    }
    return try signal(name, file, trigger, companion)
  }

  private func signal(_ reference: Reference, _ object: consuming SyncObject) throws -> FenceSignalReport.Entry {
    guard by == nil else { throw Failure("\(reference): --by is for fences of sw_sync", status: .usage) }
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
      guard by == nil else { throw Failure("\(name): --by is for fences of sw_sync", status: .usage) }
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

/// What came of it.
struct FenceSignalReport: Report, Encodable {
  struct Entry: Encodable {
    let name: String
    /// How far a timeline was advanced.
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
      return "\(fence.name): \(fence.errno.map { "error \($0)" } ?? fence.status)\(place)"
    }.joined(separator: "\n")
  }
}

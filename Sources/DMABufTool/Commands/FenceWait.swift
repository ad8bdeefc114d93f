// SPDX-License-Identifier: MIT
import ArgumentParser
import BasicContainers
import DMABuf
import SystemPackage

/// `dmabuf fence-wait`: waits for fences, and reports which driver each wait depends on.
struct FenceWait: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fence-wait",
    abstract: "Wait for the fences of buffers, sync_files and syncobjs.",
    usage: "dmabuf fence-wait <REF> ... [<options>]",
    discussion: """
      For a buffer, --read waits for the fences of writers, --write for all fences. --write is the default. \
      Pending fences are printed first. For a syncobj, the command also waits until a fence is submitted. The exit \
      status is 0 if the fences have signalled, 124 on a timeout, and 1 if a fence failed.

      EXAMPLES
        dmabuf fence-wait camera --timeout 2s         # at most two seconds
        dmabuf fence-wait 4711:23 --read --timeout 0  # is a writer pending?
        dmabuf fence-wait fd:3 frame.1 --any --json   # which is first?
        dmabuf fence-wait 4711:12 --point 7           # the timeline of a syncobj
      """)

  @Argument(
    help: ArgumentHelp("Buffers, sync_files and syncobjs to wait for.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @OptionGroup var access: DirectionOptions<Readiness>

  enum Readiness: DirectionMeaning {
    static let read: ArgumentHelp = "Wait until the buffers can be read: for fences of writers."
    static let write: ArgumentHelp = "Wait until the buffers can be written: for all fences (the default)."
  }

  @OptionGroup var place: PointOptions

  @Flag(help: "Stop waiting when the first REF has signalled.")
  var any = false

  @Flag(help: "Wait until all REFs have signalled (the default).")
  var all = false

  @Option(
    help: ArgumentHelp(
      "Stop waiting after DURATION (500ms, 2s, 1m); 0 does not wait. Default: wait forever.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var timeout: TimeSpan?

  @Flag(help: .json) var json = false

  func validate() throws {
    if any && all { throw ValidationError("--any and --all exclude each other") }
  }

  func run() throws {
    let deadline = timeout?.deadline
    var since = [UInt64?](repeating: nil, count: references.count)
    var snapshots = UniqueArray<FenceSnapshot>()
    for (index, reference) in references.enumerated() {
      snapshots.append(
        try reference.openFences(for: access.ofFences, at: place.number, since: &since[index]))
    }
    if timeout?.duration != .zero {
      for index in 0..<snapshots.count { announce(snapshots[index], of: references[index]) }
      // The reader may be in a hurry after the wait. Build the report once before, because the second time is faster.
      let report = try FenceWaitReport(
        snapshots, isDone: references.map { _ in true }, needsAll: true, waited: 0, ages: since)
      _ = try json ? report.json() : report.text(style: .standardOutput())
    }

    let start = Clock.now
    let isDone = try FenceSnapshot.wait(
      for: snapshots, any ? .any : .all, deadline: deadline)
    let end = Clock.now

    let report = try FenceWaitReport(
      snapshots, isDone: isDone, needsAll: !any, waited: end - start,
      ages: since.map { $0.map { end - min($0, end) } })
    try report.print(asJSON: json)
    try conclude(report)
  }

  private func announce(_ snapshot: borrowing FenceSnapshot, of reference: Reference) {
    guard let fences = snapshot.fences else {
      Diagnostics.say(
        "\(reference): waiting for unknown fences",
        hint: "the fences of a buffer are known since Linux 6.0 with CONFIG_SYNC_FILE")
      return
    }
    let pending = fences.filter { $0.status == .active }
    if snapshot.isUnsubmitted { Diagnostics.say("\(reference): waiting for a fence to be submitted", hint: nil) }
    if !pending.isEmpty { Diagnostics.say("\(reference): waiting for \(pending.summary)", hint: nil) }
  }

  private func conclude(_ report: FenceWaitReport) throws {
    switch report.result {
    case .signalled: return
    case .timeout:
      for (reference, whom) in report.unfinished {
        Diagnostics.say("\(reference): poll: \(Errno.timedOut)\(whom.map { ": \($0)" } ?? "")", hint: nil)
      }
      throw Failure(status: .timedOut)
    case .error:
      for (reference, fence, errno) in report.errors {
        Diagnostics.say("\(reference): \(fence.summary) ended with \(ErrnoName.of(errno)): \(errno)", hint: nil)
      }
      throw Failure.reported
    }
  }
}

struct FenceWaitReport: Report, Encodable {
  enum Result: String, Encodable { case signalled, timeout, error }

  struct Object: Encodable {
    let reference: String
    let isDone: Bool
    /// Whether the kernel reports the fences of the object.
    let isKnown: Bool

    enum CodingKeys: String, CodingKey {
      case reference = "ref"
      case isDone = "signalled"
      case isKnown = "fences_known"
    }
  }

  let schema = "dmabuf.fence-wait/1"
  let result: Result
  let waited: UInt64
  let references: [Object]
  let fences: [FenceEntry]
  /// The references that are still pending, each with a summary of its fences, or `nil` if these are unknown.
  let unfinished: [(String, String?)]
  let errors: [(String, Fence, Errno)]

  enum CodingKeys: String, CodingKey {
    case schema, result, references, fences
    case waited = "waited_ns"
  }

  init(
    _ snapshots: borrowing UniqueArray<FenceSnapshot>, isDone: [Bool], needsAll: Bool, waited: UInt64,
    ages: [UInt64?]
  ) throws {
    var references: [Object] = []
    var entries: [FenceEntry] = []
    var unfinished: [(String, String?)] = []
    var errors: [(String, Fence, Errno)] = []
    for index in 0..<snapshots.count {
      let name = snapshots[index].name
      let fences = try snapshots[index].current()
      references.append(Object(reference: name, isDone: isDone[index], isKnown: fences != nil))
      entries += (fences ?? []).map { FenceEntry($0, of: name, age: ages[index]) }
      if isDone[index] {
        for fence in fences ?? [] {
          if case .error(let errno) = fence.status { errors.append((name, fence, errno)) }
        }
      } else {
        let pending = (fences ?? []).filter { $0.status == .active }
        let whom = fences?.isEmpty == true ? Self.nobody : pending.isEmpty ? nil : pending.summary
        unfinished.append((name, whom))
      }
    }
    let isEnough = needsAll ? unfinished.isEmpty : isDone.contains(true)
    result = !isEnough ? .timeout : errors.isEmpty ? .signalled : .error
    self.references = references
    self.waited = waited
    self.unfinished = unfinished
    self.errors = errors
    self.fences = entries
  }

  private static let nobody = "no fence has been submitted"

  func text(style: Style) -> String {
    let pending = fences.count { $0.status == "active" }
    let heading =
      switch result {
      case .signalled where references.allSatisfy(\.isKnown) && fences.isEmpty: "nothing was pending"
      case .signalled: "signalled after \(Units.time(waited))"
      case .timeout where fences.isEmpty && references.allSatisfy(\.isKnown):
        "timed out after \(Units.time(waited)), \(Self.nobody)"
      case .timeout: "timed out after \(Units.time(waited)), \(pending) of \(fences.count) fences pending"
      case .error: "ended with an error after \(Units.time(waited))"
      }
    return ([heading] + (fences.isEmpty ? [] : fences.table(style: style))).joined(separator: "\n")
  }
}

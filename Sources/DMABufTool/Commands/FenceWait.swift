// SPDX-License-Identifier: MIT
import ArgumentParser
import BasicContainers
import DMABuf
import SystemPackage

/// `dmabuf fence-wait`: waits until devices are done, and says for whom.
struct FenceWait: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fence-wait",
    abstract: "Wait for the fences of buffers, sync_files and syncobjs.",
    discussion: """
      Of a buffer, --read waits for those that write it and --write for everyone; --write is the default. \
      What is pending is said first. Of a syncobj it waits for a fence to come, too. Exit status: 0 signalled, \
      124 timed out, 1 a fence ended with an error.

      EXAMPLES
        dmabuf fence-wait camera --timeout 2s
        dmabuf fence-wait 4711:23 --read --timeout 0       is anybody still writing?
        dmabuf fence-wait fd:3 frame.1 --any --json
        dmabuf fence-wait 4711:12 --point 7                a syncobj's timeline
      """)

  @Argument(help: "Buffers, sync_files and syncobjs.", completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @OptionGroup var access: DirectionOptions<Readiness>

  enum Readiness: DirectionMeaning {
    static let read: ArgumentHelp = "Of buffers: wait until they can be read."
    static let write: ArgumentHelp = "Of buffers: wait until they can be written to (the default)."
  }

  @OptionGroup var place: PointOptions

  @Flag(help: "Until the first is done.")
  var any = false

  @Flag(help: "Until all are done (the default).")
  var all = false

  @Option(help: "Give up after this long (500ms, 2s, 1m); 0 only looks.", transform: TimeSpan.init)
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
      announce(snapshots)
      // Somebody may be in a hurry after the waiting; what is drawn for the second time is drawn faster.
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

  /// Before it is known how long that will take.
  private func announce(_ snapshots: borrowing UniqueArray<FenceSnapshot>) {
    for index in 0..<snapshots.count {
      guard let fences = snapshots[index].fences else {
        Diagnostics.say(
          "\(references[index]): waiting without knowing for whom",
          hint: "kernels tell of a buffer's fences since Linux 6.0 (CONFIG_SYNC_FILE)")
        continue
      }
      let pending = fences.filter { $0.status == .active }
      if snapshots[index].isUnsubmitted {
        Diagnostics.say("\(references[index]): waiting for a fence to be submitted", hint: nil)
      }
      if !pending.isEmpty { Diagnostics.say("\(references[index]): waiting for \(pending.summary)", hint: nil) }
    }
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

/// What came of the waiting.
struct FenceWaitReport: Report, Encodable {
  enum Result: String, Encodable { case signalled, timeout, error }

  struct Object: Encodable {
    let reference: String
    let isDone: Bool
    /// Does the kernel tell of its fences?
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
  /// What is still waited for, by reference, and for whom, where that is known.
  let unfinished: [(String, String?)]
  /// What went wrong.
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

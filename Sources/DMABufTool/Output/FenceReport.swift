// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding

/// A fence as reports print it.
struct FenceEntry: Encodable {
  /// The object of the fence, by the name that the user knows.
  @Nullable var reference: String?
  @Nullable var driver: UntrustedText?
  @Nullable var timeline: UntrustedText?
  @Nullable var sequence: UInt64?
  let status: String
  @Nullable var errno: String?
  @Nullable var timestamp: UInt64?
  /// The minimum age of the fence; `nil` if unknown.
  @Nullable var age: UInt64?

  enum CodingKeys: String, CodingKey {
    case driver, timeline, status, errno
    case reference = "ref"
    case sequence = "seqno"
    case timestamp = "timestamp_ns"
    case age = "age_ns"
  }

  init(_ fence: Fence, of reference: String?, age: UInt64? = nil) {
    self.reference = reference
    driver = fence.driver
    timeline = fence.timeline
    sequence = fence.sequence
    status = fence.status.word
    errno = fence.status.errno
    timestamp = fence.timestamp
    self.age = age
  }
}

extension FenceEntry {
  /// Driver, timeline, seqno, status, and the time of the signal.
  fileprivate var cells: [String] {
    [
      driver?.escaped ?? "?", timeline?.escaped ?? "?", sequence.map(String.init) ?? "-",
      Fence.Status.shown(status, errno: errno), timestamp.map(Units.moment) ?? "-",
    ]
  }
}

extension Fence.Status {
  var word: String {
    switch self {
    case .active: "active"
    case .signalled: "signalled"
    case .error: "error"
    }
  }

  /// The words of a table for the words of JSON: pending, signalled, or failed with an errno.
  static func shown(_ word: String, errno: String?) -> String {
    errno.map { "failed \($0)" } ?? (word == "active" ? "pending" : word)
  }

  /// The symbol of the errno of a failed fence.
  var errno: String? {
    guard case .error(let errno) = self else { return nil }
    return ErrnoName.of(errno)
  }
}

extension Fence {
  /// Driver, timeline and seqno, which identify the fence.
  var summary: String {
    [driver?.escaped ?? "an unknown driver", timeline?.escaped, sequence.map(String.init)]
      .compactMap(\.self).joined(separator: " ")
  }
}

extension [Fence] {
  /// The identities of the fences, in one line.
  var summary: String {
    prefix(3).map(\.summary).joined(separator: ", ") + (count > 3 ? " and \(count - 3) more" : "")
  }
}

extension [FenceEntry] {
  func table(style: Style) -> [String] {
    var table = Table(
      .init("REF"), .init("DRIVER"), .init("TIMELINE"), .init("SEQNO", .right), .init("STATUS"),
      .init("SIGNALLED AT", .right), .init("AGE", .right))
    table.rows = map { [$0.reference ?? "-"] + $0.cells + [$0.age.map { "> \(Units.time($0))" } ?? "-"] }
    return table.lines(style: style)
  }
}

/// The report of sync_files and syncobjs: their fences, and the names they are held under.
struct SyncFileReport: Report, Encodable {
  struct File: Encodable {
    @Nullable var reference: String?
    /// The name that the creator or the kernel set.
    @Nullable var name: UntrustedText?
    let status: String
    @Nullable var errno: String?
    @Nullable var heldAs: String?
    /// The points of a syncobj's timeline.
    @Nullable var points: Points?
    let fences: [FenceEntry]

    struct Points: Encodable {
      let signalled: UInt64
      let submitted: UInt64
    }

    enum CodingKeys: String, CodingKey {
      case name, status, errno, points, fences
      case reference = "ref"
      case heldAs = "held_as"
    }

    /// Creates the entry of a file. Without `information` the file is a syncobj that has no fence yet.
    init(
      _ information: SyncFile.Information?, fences known: [Fence]? = nil, points: SyncObject.Points? = nil,
      reference: String?, heldAs: HeldName? = nil
    ) {
      self.reference = reference
      name = information?.name
      status = information?.status.word ?? "unsubmitted"
      errno = information?.status.errno
      self.points = points.map { Points(signalled: $0.signalled, submitted: $0.submitted) }
      let heldName = heldAs.map { "\($0)" }
      self.heldAs = heldName
      let called = reference ?? heldName
      fences = (known ?? information?.fences ?? []).map { FenceEntry($0, of: called) }
    }
  }

  let schema: String
  let files: [File]

  init(schema: String, _ files: [File]) {
    self.schema = schema
    self.files = files
  }

  func text(style: Style) -> String {
    let hasPoints = files.contains { $0.points != nil }
    var table = Table(
      [.init("REF")] + (hasPoints ? [.init("POINTS", .right)] : [])
        + [
          .init("DRIVER"), .init("TIMELINE"), .init("SEQNO", .right), .init("STATUS"), .init("SIGNALLED AT", .right),
          .init("NAME"),
        ])
    for file in files {
      let points = file.points.map { "\($0.signalled)/\($0.submitted)" } ?? "-"
      let called = [file.reference ?? file.heldAs ?? "-"] + (hasPoints ? [points] : [])
      let idle = file.status == "unsubmitted" ? file.status : "idle"
      if file.fences.isEmpty { table.rows.append(called + ["-", "-", "-", idle, "-", "-"]) }
      table.rows += file.fences.map { called + $0.cells + [file.name?.escaped ?? "-"] }
    }
    return table.lines(style: style).joined(separator: "\n")
  }
}

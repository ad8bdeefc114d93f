// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// `dmabuf fence`: sync_files and syncobjs by themselves.
struct FenceCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fence",
    abstract: "Make, look into, merge and pass on fences.",
    discussion: """
      EXAMPLES
        dmabuf fence create --vgem camera --hold late  # as if vgem wrote to camera
        dmabuf fence info camera late
        dmabuf fence signal late
        dmabuf fence import --syncobj 4711:12 late --point 7
      """,
    subcommands: [
      FenceInfo.self, FenceCreate.self, FenceTimeline.self, FenceSignal.self, FenceMerge.self, FenceExport.self,
      FenceImport.self, FenceDeadline.self,
    ])
}

/// The fences that an access has to wait for.
enum AwaitedFences: DirectionMeaning {
  static let read: ArgumentHelp = "What readers have to wait for: those that write."
  static let write: ArgumentHelp = "What writers have to wait for: everyone (the default)."
}

/// `dmabuf fence info`: what is in a sync_file or syncobj.
struct FenceInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "List the fences of sync_files and syncobjs, and those pending on buffers.",
    discussion: """
      EXAMPLES
        dmabuf fence info 4711:12
        dmabuf fence info camera --read --json
        dmabuf fence info 4711:14 --point 7
      """)

  @Argument(help: "sync_files, syncobjs and buffers.", completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @OptionGroup var access: DirectionOptions<AwaitedFences>
  @OptionGroup var place: PointOptions
  @Flag(help: .json) var json = false

  func run() throws {
    let files = try references.map { reference in
      let snapshot = try reference.openFences(for: access.ofFences, at: place.number)
      let information = try snapshot.information()
      if information == nil, !snapshot.isUnsubmitted {
        throw Failure("\(reference): this kernel does not tell of a buffer's fences", hint: "that needs Linux 6.0")
      }
      return SyncFileReport.File(
        information, fences: snapshot.fences, points: snapshot.points, reference: "\(reference)")
    }
    try SyncFileReport(schema: "dmabuf.fence-info/1", files).print(asJSON: json)
  }
}

/// `dmabuf fence merge`: one sync_file of several.
struct FenceMerge: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Make one sync_file of several.",
    discussion: """
      It signals when all of them have. Of fences on one timeline the latest is kept, and none that has \
      signalled.

      EXAMPLES
        dmabuf fence merge first second --hold both
        dmabuf fence merge fd:3 4711:12 --name frame
      """)

  @Argument(help: "Two sync_files or more.", completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @Option(help: "Name the new file; at most 31 bytes.", transform: KernelName.init)
  var name: KernelName?

  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  /// A command that inherits what was made.
  var command: [String] = []

  enum CodingKeys: CodingKey {
    case references, name, json, keeping
  }

  func validate() throws {
    if references.count < 2 { throw ValidationError("it takes two sync_files or more to merge") }
  }

  func run() throws {
    try checkKeeping()
    var merged = try references[0].openSyncFile()
    for reference in references.dropFirst() {
      merged = try merged.merged(with: reference.openSyncFile(), name: name?.text ?? "")
    }
    let files = Kept<SyncFile>()
    files.append(merged)
    try keep(files, schema: "dmabuf.fence-merge/1")
  }
}

/// `dmabuf fence export`: takes a sync_file from a buffer or syncobj.
struct FenceExport: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Take a sync_file of what is pending on a buffer, or of a syncobj's fence.",
    discussion: """
      It holds the fences of this moment; later ones do not come into it. Of an idle buffer it has signalled \
      already.

      EXAMPLES
        dmabuf fence export camera --hold writers --read
        dmabuf fence export 4711:23 -- my-program
        dmabuf fence export --syncobj 4711:12 --point 7 --hold frame
      """)

  @Argument(help: "The buffer, or syncobj.", completion: Completion.references, transform: Reference.init)
  var reference: Reference

  @Flag(help: "It is a syncobj, not a buffer.")
  var syncobj = false

  @OptionGroup var place: PointOptions
  @OptionGroup var access: DirectionOptions<AwaitedFences>
  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  @Argument(parsing: .postTerminator, help: "A command to run with the descriptors.")
  var command: [String] = []

  func validate() throws { try place.check(isSyncObject: syncobj, hasDirection: access.isGiven) }

  func run() throws {
    try checkKeeping()
    let files = Kept<SyncFile>()
    files.append(
      syncobj
        ? try reference.openSyncObject().syncFile(at: place.number)
        : try reference.open().exportSyncFile(for: access.ofFences))
    try keep(files, schema: "dmabuf.fence-export/1")
  }
}

extension CommandBeforeAnother {
  /// Keeps sync_files and reports on them.
  func keep(_ files: Kept<SyncFile>, schema: String) throws {
    try keep(files) { names in
      var names = names[...]
      return try SyncFileReport(
        schema: schema,
        files.map { SyncFileReport.File(try $0.information(), reference: nil, heldAs: names.popFirst()) })
    }
  }

  /// Keeps a syncobj and reports on it.
  func keep(_ object: Kept<SyncObject>, schema: String) throws {
    try keep(object) { names in
      try SyncFileReport(
        schema: schema,
        object.map {
          SyncFileReport.File(
            try $0.exportSyncFile(at: 0)?.information(), points: try $0.points(), reference: nil, heldAs: names.first)
        })
    }
  }
}

/// `dmabuf fence import`: puts fences into a buffer or syncobj.
struct FenceImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make who waits for a buffer or a syncobj wait for a sync_file.",
    discussion: """
      With --read, as if a device read the buffer: those that write wait. With --write everyone does. A \
      syncobj's one fence is replaced; points of its timeline are taken in their order.

      EXAMPLES
        dmabuf fence import camera late
        dmabuf fence import fd:3 4711:12 --read
        dmabuf fence import --syncobj 4711:12 late --point 7
      """)

  @Argument(help: "The buffer, or syncobj.", completion: Completion.references, transform: Reference.init)
  var reference: Reference

  @Argument(help: "The sync_file.", completion: Completion.references, transform: Reference.init)
  var fence: Reference

  @Flag(help: "It is a syncobj, not a buffer.")
  var syncobj = false

  @OptionGroup var place: PointOptions
  @OptionGroup var access: DirectionOptions<Attached>

  /// The access that the fences are of.
  enum Attached: DirectionMeaning {
    static let read: ArgumentHelp = "As of a device that reads."
    static let write: ArgumentHelp = "As of a device that writes (the default)."
  }

  @Flag(help: .json) var json = false

  func validate() throws { try place.check(isSyncObject: syncobj, hasDirection: access.isGiven) }

  func run() throws {
    let report = try syncobj ? intoSyncObject() : intoBuffer()
    try report.print(asJSON: json)
  }

  private func intoBuffer() throws -> FenceImportReport {
    let buffer = try reference.open()
    try buffer.importSyncFile(fence.openSyncFile(), for: access.ofFences)
    return FenceImportReport(ino: buffer.inode, fence: "\(fence)", direction: access.ofFences.word)
  }

  private func intoSyncObject() throws -> FenceImportReport {
    let object = try reference.openSyncObject()
    try object.checkNotSubmitted(place.number)
    try object.importSyncFile(fence.openSyncFile(), at: place.number)
    return FenceImportReport(fence: "\(fence)", syncobj: "\(reference)", point: place.point)
  }
}

/// What went into a buffer or syncobj.
struct FenceImportReport: Report, Encodable {
  let schema = "dmabuf.fence-import/1"
  @Nullable var ino: UInt64?
  let fence: String
  @Nullable var direction: String?
  @Nullable var syncobj: String?
  @Nullable var point: UInt64?

  func text(style: Style) -> String {
    if let syncobj { return "\(syncobj): \(fence) is its fence" + (point.map { " at point \($0)" } ?? "") }
    return "ino:\(ino ?? 0): \(fence) is a fence of who \(direction ?? "")s it"
  }
}

/// `dmabuf fence deadline`: says when fences are wanted.
struct FenceDeadline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deadline",
    abstract: "Tell drivers when a sync_file's fences are wanted.",
    discussion: """
      A hint that drivers may take to speed up. Linux 6.4 and later.

      EXAMPLES
        dmabuf fence deadline 4711:12 16ms
      """)

  @Argument(help: "The sync_file.", completion: Completion.references, transform: Reference.init)
  var fence: Reference

  @Argument(help: "How long from now (16ms, 2s).", transform: TimeSpan.init)
  var duration: TimeSpan

  @Flag(help: .json) var json = false

  func run() throws {
    let moment = duration.deadline.nanoseconds
    try fence.openSyncFile().setDeadline(moment)
    try FenceDeadlineReport(fence: "\(fence)", deadline: moment).print(asJSON: json)
  }
}

/// What was told.
struct FenceDeadlineReport: Report, Encodable {
  let schema = "dmabuf.fence-deadline/1"
  let fence: String
  let deadline: UInt64

  enum CodingKeys: String, CodingKey {
    case schema, fence
    case deadline = "deadline_ns"
  }

  func text(style: Style) -> String { "\(fence): wanted at \(Units.moment(deadline))" }
}

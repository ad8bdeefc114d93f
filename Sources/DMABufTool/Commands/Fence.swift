// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// `dmabuf fence`: the commands for sync_files and syncobjs.
struct FenceCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fence",
    abstract: "Create, inspect, merge, export and import fences.",
    discussion: """
      EXAMPLES
        dmabuf fence create --vgem camera --hold busy  # as if vgem wrote to camera
        dmabuf fence info camera busy                  # list their fences
        dmabuf fence signal busy                       # one fence
        dmabuf fence import --syncobj 4711:12 busy --point 7  # into a syncobj
      """,
    subcommands: [
      FenceInfo.self, FenceCreate.self, FenceTimeline.self, FenceSignal.self, FenceMerge.self, FenceExport.self,
      FenceImport.self, FenceDeadline.self,
    ])
}

/// The fences that an access has to wait for.
enum AwaitedFences: DirectionMeaning {
  static let read: ArgumentHelp = "Select the fences that a reader waits for: those of writers."
  static let write: ArgumentHelp = "Select the fences that a writer waits for: all fences (the default)."
}

/// `dmabuf fence info`: lists the fences of sync_files, syncobjs and buffers.
struct FenceInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "List the fences of sync_files and syncobjs, and the pending fences of buffers.",
    usage: "dmabuf fence info <REF> ... [<options>]",
    discussion: """
      EXAMPLES
        dmabuf fence info 4711:12               # a sync_file of process 4711
        dmabuf fence info camera --read --json  # what a reader of camera waits for
        dmabuf fence info 4711:14 --point 7     # one point of a timeline
      """)

  @Argument(
    help: ArgumentHelp("sync_files, syncobjs and buffers to inspect.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var references: [Reference]

  @OptionGroup var access: DirectionOptions<AwaitedFences>
  @OptionGroup var place: PointOptions
  @Flag(help: .json) var json = false

  func run() throws {
    let files = try references.map { reference in
      let snapshot = try reference.openFences(for: access.ofFences, at: place.number)
      let information = try snapshot.information()
      if information == nil, !snapshot.isUnsubmitted {
        throw Failure(
          "cannot list the fences of \(reference): this kernel does not export them",
          hint: "DMA_BUF_IOCTL_EXPORT_SYNC_FILE needs Linux 6.0")
      }
      return SyncFileReport.File(
        information, fences: snapshot.fences, points: snapshot.points, reference: "\(reference)")
    }
    try SyncFileReport(schema: "dmabuf.fence-info/1", files).print(asJSON: json)
  }
}

/// `dmabuf fence merge`: merges several sync_files into one.
struct FenceMerge: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merge sync_files into one.",
    usage: "dmabuf fence merge <REF> ... [<options>]",
    discussion: """
      The new sync_file signals when all its fences have signalled. The kernel retains the latest fence of each \
      timeline, and drops signalled fences.

      EXAMPLES
        dmabuf fence merge first second --hold both   # hold the result
        dmabuf fence merge fd:3 4711:12 --name frame  # name the result
      """)

  @Argument(
    help: ArgumentHelp("Two or more sync_files.", valueName: "REF"), completion: Completion.references,
    transform: Reference.init)
  var references: [Reference]

  @Option(
    help: ArgumentHelp(
      "Name the new sync_file, at most 31 bytes. Default: a name of the kernel's own.", valueName: "NAME"),
    transform: KernelName.init)
  var name: KernelName?

  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  /// The command that inherits the new sync_file.
  var command: [String] = []

  enum CodingKeys: CodingKey {
    case references, name, json, keeping
  }

  func validate() throws {
    if references.count < 2 { throw ValidationError("cannot merge one sync_file: two or more are needed") }
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

/// `dmabuf fence export`: exports a sync_file from a buffer or syncobj.
struct FenceExport: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export the pending fences of a buffer, or the fence of a syncobj, as a sync_file.",
    usage: "dmabuf fence export <REF> [<options>] [-- <COMMAND> ...]",
    discussion: """
      The sync_file has the fences of this moment. Fences that are added to the buffer later are not included. For \
      an idle buffer, the sync_file has already signalled.

      EXAMPLES
        dmabuf fence export camera --hold writers --read  # the fences of writers
        dmabuf fence export 4711:23 -- my-program         # for a program
        dmabuf fence export --syncobj 4711:12 --point 7 --hold frame  # of a syncobj
      """)

  @Argument(
    help: ArgumentHelp("The buffer, or with --syncobj the syncobj.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var reference: Reference

  @Flag(help: "Treat REF as a syncobj, not as a buffer.")
  var syncobj = false

  @OptionGroup var place: PointOptions
  @OptionGroup var access: DirectionOptions<AwaitedFences>
  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
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
  /// Holds or passes sync_files and reports them.
  func keep(_ files: Kept<SyncFile>, schema: String) throws {
    try keep(files) { names in
      var names = names[...]
      return try SyncFileReport(
        schema: schema,
        files.map { SyncFileReport.File(try $0.information(), reference: nil, heldAs: names.popFirst()) })
    }
  }

  /// Holds or passes a syncobj and reports it.
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

/// `dmabuf fence import`: imports fences into a buffer or syncobj.
struct FenceImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import the fences of a sync_file into a buffer or a syncobj.",
    usage: "dmabuf fence import <REF> <SYNC_FILE> [<options>]",
    discussion: """
      With --read the fences count as those of a reader: writers wait. With --write readers and writers wait. For \
      a syncobj, the fence replaces the previous one. Points of a timeline must be imported in ascending order.

      EXAMPLES
        dmabuf fence import camera busy                       # camera is then busy
        dmabuf fence import fd:3 4711:12 --read               # only writers wait
        dmabuf fence import --syncobj 4711:12 busy --point 7  # into a syncobj
      """)

  @Argument(
    help: ArgumentHelp("The buffer, or with --syncobj the syncobj.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var reference: Reference

  @Argument(
    help: ArgumentHelp("The sync_file.", valueName: "SYNC_FILE"), completion: Completion.references,
    transform: Reference.init)
  var fence: Reference

  @Flag(help: "Treat REF as a syncobj, not as a buffer.")
  var syncobj = false

  @OptionGroup var place: PointOptions
  @OptionGroup var access: DirectionOptions<Attached>

  /// The kind of access that the imported fences stand for.
  enum Attached: DirectionMeaning {
    static let read: ArgumentHelp = "Add the fences as those of a reader: writers wait."
    static let write: ArgumentHelp = "Add the fences as those of a writer: readers and writers wait (the default)."
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

struct FenceImportReport: Report, Encodable {
  let schema = "dmabuf.fence-import/1"
  @Nullable var ino: UInt64?
  let fence: String
  @Nullable var direction: String?
  @Nullable var syncobj: String?
  @Nullable var point: UInt64?

  func text(style: Style) -> String {
    if let syncobj { return "\(syncobj): \(fence) is its fence" + (point.map { " at point \($0)" } ?? "") }
    return "ino:\(ino ?? 0): \(fence) added as a fence of a \(direction == "read" ? "reader" : "writer")"
  }
}

/// `dmabuf fence deadline`: sets a deadline for fences.
struct FenceDeadline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deadline",
    abstract: "Set a deadline for the fences of a sync_file.",
    discussion: """
      A deadline is a hint: drivers may run faster to meet it. Needs Linux 6.4.

      EXAMPLES
        dmabuf fence deadline 4711:12 16ms  # needed in 16 ms
      """)

  @Argument(
    help: ArgumentHelp("The sync_file.", valueName: "SYNC_FILE"), completion: Completion.references,
    transform: Reference.init)
  var fence: Reference

  @Argument(
    help: ArgumentHelp("Time from now until the deadline (16ms, 2s).", valueName: "DURATION"),
    transform: TimeSpan.init)
  var duration: TimeSpan

  @Flag(help: .json) var json = false

  func run() throws {
    let moment = duration.deadline.nanoseconds
    try fence.openSyncFile().setDeadline(moment)
    try FenceDeadlineReport(fence: "\(fence)", deadline: moment).print(asJSON: json)
  }
}

struct FenceDeadlineReport: Report, Encodable {
  let schema = "dmabuf.fence-deadline/1"
  let fence: String
  let deadline: UInt64

  enum CodingKeys: String, CodingKey {
    case schema, fence
    case deadline = "deadline_ns"
  }

  func text(style: Style) -> String { "\(fence): deadline \(Units.moment(deadline))" }
}

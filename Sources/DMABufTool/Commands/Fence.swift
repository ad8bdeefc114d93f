import ArgumentParser
import DMABuf

/// `dmabuf fence`: sync_files by themselves.
struct FenceCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fence",
    _superCommandName: "dmabuf",
    abstract: "Make, look into, merge and pass on fences.",
    discussion: """
      EXAMPLES
        dmabuf fence create --vgem camera --hold late      vgem seems to write to camera
        dmabuf fence info camera late
        dmabuf fence signal late
      """,
    subcommands: [
      FenceInfo.self, FenceCreate.self, FenceTimeline.self, FenceSignal.self, FenceMerge.self, FenceExport.self,
      FenceImport.self, FenceDeadline.self,
    ])
}

/// Which accesses a buffer's fences are about.
struct DirectionOptions: ParsableArguments {
  @Flag(help: "What readers have to wait for: those that write.")
  var read = false

  @Flag(help: "What writers have to wait for: everyone (the default).")
  var write = false

  var direction: AccessDirection { read && !write ? .read : .write }
}

/// `dmabuf fence info`: what is in a sync_file.
struct FenceInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "List the fences of sync_files, and those pending on buffers.",
    discussion: """
      EXAMPLES
        dmabuf fence info 4711:12
        dmabuf fence info camera --read --json
      """)

  @Argument(help: "sync_files and buffers.", transform: Reference.init)
  var references: [Reference]

  @OptionGroup var access: DirectionOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let files = try references.map { reference in
      let snapshot = try reference.openFences(for: access.direction)
      guard let information = try snapshot.information() else {
        throw Failure("\(reference): this kernel does not tell of a buffer's fences", hint: "that needs Linux 6.0")
      }
      return SyncFileReport.File(information, fences: snapshot.fences, reference: "\(reference)")
    }
    try SyncFileReport(schema: "dmabuf.fence-info/1", files).print(asJSON: output.json)
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

  @Argument(help: "Two sync_files or more.", transform: Reference.init)
  var references: [Reference]

  @Option(help: "Name the new file; at most 31 bytes.")
  var name: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var holding: HoldOptions

  /// A command that inherits what was made.
  var command: [String] = []

  enum CodingKeys: CodingKey {
    case references, name, output, holding
  }

  func validate() throws {
    if references.count < 2 { throw ValidationError("it takes two sync_files or more to merge") }
    if let name, name.utf8.count > Fence.longestName {
      throw ValidationError(
        "The value '\(name)' is invalid for '--name <name>': \(name.utf8.count) bytes, and at most \(Fence.longestName) fit"
      )
    }
  }

  func run() throws {
    var merged = try references[0].openSyncFile()
    for reference in references.dropFirst() {
      merged = try merged.merged(with: reference.openSyncFile(), name: name ?? "")
    }
    let files = SyncFiles()
    files.append(merged)
    try holding.keep(files, schema: "dmabuf.fence-merge/1", asJSON: output.json, command: command)
  }
}

/// `dmabuf fence export`: takes a sync_file from a buffer.
struct FenceExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Take a sync_file of what is pending on a buffer.",
    discussion: """
      It holds the fences of this moment; later ones do not come into it. Of an idle buffer it has signalled \
      already.

      EXAMPLES
        dmabuf fence export camera --hold writers --read
        dmabuf fence export 4711:23 -- my-program
      """)

  @Argument(help: "The buffer.", transform: Reference.init)
  var reference: Reference

  @OptionGroup var access: DirectionOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var keeping: KeepOptions

  func run() throws {
    let files = SyncFiles()
    files.append(try reference.open().exportSyncFile(for: access.direction))
    try keeping.holding.keep(
      files, schema: "dmabuf.fence-export/1", asJSON: output.json, command: keeping.command)
  }
}

extension HoldOptions {
  /// Keeps sync_files as was asked for, here or by the command that inherits them, and reports on them unless
  /// standard output is that command's.
  func keep(_ files: SyncFiles, schema: String, asJSON: Bool, command: [String]) throws {
    if hold != nil, !command.isEmpty {
      throw ValidationError("--hold and a command after -- exclude each other")
    }
    try withExtendedLifetime(files) {
      try keep(files) { names in
        guard command.isEmpty || asJSON else { return }
        try SyncFileReport(schema: schema, made: files, names: names).print(asJSON: asJSON)
      }
      if !command.isEmpty { try CommandWithDescriptors.run(command, files.kept.map(\.number)) }
    }
  }
}

/// `dmabuf fence import`: puts fences into a buffer.
struct FenceImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a buffer's users wait for a sync_file.",
    discussion: """
      With --read, as if a device read the buffer: those that write wait. With --write everyone does.

      EXAMPLES
        dmabuf fence import camera late
        dmabuf fence import fd:3 4711:12 --read
      """)

  @Argument(help: "The buffer.", transform: Reference.init)
  var reference: Reference

  @Argument(help: "The sync_file.", transform: Reference.init)
  var fence: Reference

  @Flag(help: "As of a device that reads.")
  var read = false

  @Flag(help: "As of a device that writes (the default).")
  var write = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    let buffer = try reference.open()
    let direction: AccessDirection = read && !write ? .read : .write
    try buffer.importSyncFile(fence.openSyncFile(), for: direction)
    let report = FenceImportReport(
      ino: buffer.inode, fence: "\(fence)", direction: direction == .read ? "read" : "write")
    try report.print(asJSON: output.json)
  }
}

/// What went into a buffer.
struct FenceImportReport: Report {
  let schema = "dmabuf.fence-import/1"
  let ino: UInt64
  let fence: String
  let direction: String

  func text(style: Style) -> String { "ino:\(ino): \(fence) is a fence of who \(direction)s it" }
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

  @Argument(help: "The sync_file.", transform: Reference.init)
  var fence: Reference

  @Argument(help: "How long from now (16ms, 2s).", transform: TimeSpan.init)
  var duration: TimeSpan

  @OptionGroup var output: OutputOptions

  func run() throws {
    let moment = Deadline(after: duration.duration).nanoseconds
    try fence.openSyncFile().setDeadline(moment)
    try FenceDeadlineReport(fence: "\(fence)", deadline: moment).print(asJSON: output.json)
  }
}

/// What was told.
struct FenceDeadlineReport: Report {
  let schema = "dmabuf.fence-deadline/1"
  let fence: String
  let deadline: UInt64

  enum CodingKeys: String, CodingKey {
    case schema, fence
    case deadline = "deadline_ns"
  }

  func text(style: Style) -> String { "\(fence): wanted at \(Units.moment(deadline))" }
}

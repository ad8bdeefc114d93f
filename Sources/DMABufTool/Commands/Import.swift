import ArgumentParser
import DMABuf
import DMABufHolding
import DMABufHost
import SystemPackage

/// `dmabuf import`: gives buffers to devices, and says what each answered.
struct Import: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Give a buffer to devices, and say what each answered.",
    usage: """
      dmabuf import <ref> ... <device> ... [<options>] [-- <command> ...]
      dmabuf import <ref> | --from <source> ... --all [<options>] [-- <command> ...]
      """,
    discussion: """
      DRM devices import it through PRIME; --framebuffer asks whether a display would show it. V4L2 devices \
      get it on each queue they have; --stream has them capture frames into it, or read frames from it. A \
      device that does both, such as a scaler, reads from the first buffer into the second. All is put back \
      as it was; with --hold NAME, after dmabuf release NAME; with a command after --, when that ends.

      EXAMPLES
        dmabuf import camera drm:vgem /dev/video0
        dmabuf import fd:3 v4l2:vivid --stream 10 --checksum
        dmabuf import fd:3 drm:vkms --framebuffer 640x480:XR24
        dmabuf import --all --from heap:system --from udmabuf --junit
      """)

  @Argument(
    help: ArgumentHelp("Buffers and devices, in any order.", valueName: "ref-or-device"),
    completion: Completion.referencesAndDevices)
  var words: [String] = []

  @Flag(help: "Every DRM and V4L2 node of this machine.")
  var all = false

  @Option(
    help: ArgumentHelp("Try a new buffer of this source (as alloc has it); may be given again.", valueName: "source"),
    completion: Completion.sources, transform: BufferSource.init(argument:))
  var from: [BufferSource] = []

  @Option(help: "The size of those new buffers.", transform: { try ByteSize($0) })
  var size = ByteSize(8 << 20)

  @Option(
    help: ArgumentHelp("Try ADDFB2: WIDTHxHEIGHT:FOURCC, and :MODIFIER if any.", valueName: "image"),
    transform: FramebufferLayout.init(argument:))
  var framebuffer: FramebufferLayout?

  @Option(help: "Pass this many frames through the buffers.")
  var stream: Int?

  @Flag(help: "With --stream: XXH3 of each frame, as map --checksum has it.")
  var checksum = false

  @Option(help: "Give up when a frame takes longer than this. Default: 5s.", transform: TimeSpan.init)
  var timeout = TimeSpan(.seconds(5))

  @Flag(help: "Print the answers as JUnit XML.")
  var junit = false

  @Flag(help: .json) var json = false

  @OptionGroup var holding: HoldOptions

  /// A command to run while the devices have the buffers.
  var command: [String] = []

  enum CodingKeys: CodingKey {
    case words, all, from, size, framebuffer, stream, checksum, timeout, junit, json, holding
  }

  private var devices: [DeviceReference] { words.compactMap(DeviceReference.parse) }
  /// Are the devices to go on having the buffers?
  private var isKept: Bool { holding.hold != nil || !command.isEmpty }
  private var references: [String] { words.filter { DeviceReference.parse($0) == nil } }

  func validate() throws {
    for text in references {
      do {
        _ = try Reference(text)
      } catch {
        throw ValidationError(
          "The value '\(text)' is neither a buffer (fd:N, PID:FD, ino:N) nor a device (a path, drm:NAME, v4l2:NAME)")
      }
    }
    if references.isEmpty == from.isEmpty {
      throw ValidationError(
        from.isEmpty
          ? "Missing expected argument '<ref>': a buffer, or --from"
          : "Buffers are named or made with --from, not both")
    }
    if devices.isEmpty != all {
      if all { throw ValidationError("--all leaves no device to name") }
      let named = references.count > 1 ? "; \(references.map { "'\($0)'" }.joined(separator: ", ")) name buffers" : ""
      throw ValidationError(
        "Missing expected argument '<device>': a path, drm:NAME or v4l2:NAME, or --all" + named)
    }
    if let stream, stream < 1 {
      throw ValidationError("The value '\(stream)' is invalid for '--stream <stream>': at least 1")
    }
    if checksum, stream == nil { throw ValidationError("--checksum is of frames, and needs --stream") }
    if junit, json { throw ValidationError("--json and --junit cannot both be printed") }
    if holding.hold != nil, stream != nil {
      throw ValidationError("--stream gives the queues back, which leaves nothing for --hold")
    }
  }

  func run() throws {
    if holding.hold != nil, !command.isEmpty {
      throw ValidationError("--hold and a command after -- exclude each other")
    }
    if isKept, from.count > 1 || junit {
      throw ValidationError("--hold and a command are for one buffer, without --junit")
    }
    let targets = try all ? Device.all() : devices.map { try $0.resolve(primary: framebuffer != nil) }
    if targets.isEmpty {
      throw Failure(
        "this machine has no DRM or V4L2 devices", hint: Advice.testDevices,
        status: .missing)
    }
    let attachments = Attachments()
    var reports: [ImportReport] = []
    var kept = DMABuffers()
    let sources: [BufferSource?] = from.isEmpty ? [nil] : from
    for source in sources {
      let buffers = DMABuffers()
      if let source {
        buffers.append(try source.allocate(size.bytes, readOnly: false))
      } else {
        for reference in references { buffers.append(try Reference(reference).open()) }
      }
      reports.append(try give(buffers, source.map { "\($0)" }, to: targets, keepingIn: attachments))
      kept = buffers
    }
    try keep(kept, attachments, reports)
    try conclude(reports)
  }

  /// Reports, and keeps what no device refused as was asked for.
  private func keep(_ buffers: DMABuffers, _ attachments: Attachments, _ reports: [ImportReport]) throws {
    let isRefused = reports.contains(where: \.isRefused)
    if let name = holding.hold, !isRefused {
      let others = buffers.descriptors.dropFirst()
      try Holding.start(
        name, kind: .attachment, descriptor: buffers.descriptors[0], companions: attachments.descriptors + others,
        attached: reports.flatMap(\.devices).map(\.place).joined(separator: ", "), replacing: holding.replace)
    }
    // With a command, standard output is the command's.
    if command.isEmpty || json || isRefused { try report(reports) }
    if !command.isEmpty, !isRefused { try CommandWithDescriptors.run(command, buffers.descriptors) }
  }

  /// Asks each device in turn. What is to stay goes into `attachments`.
  private func give(
    _ buffers: DMABuffers, _ source: String?, to targets: [Device], keepingIn attachments: Attachments
  ) throws -> ImportReport {
    let trial = Trial(
      buffers: buffers, facts: try BufferFacts(buffers), framebuffer: framebuffer, isNamed: !all,
      stream: stream.map { Trial.Stream(frames: $0, isChecked: checksum, timeout: timeout.duration) },
      attachments: isKept ? attachments : nil)
    var answers: [ImportReport.Answer] = []
    let progress = Progress(after: stream == nil ? 1_000_000_000 : 0)
    defer { progress.finish() }
    for target in targets {
      progress.show(target.path + (stream.map { ": \($0) frames" } ?? ""))
      switch target.subsystem {
      case .drm: answers.append(trial.give(toDisplay: target.node))
      case .v4l2: answers += trial.give(toVideo: target.node)
      }
      try Interruption.check()
    }
    return try ImportReport(buffers, source: source, isMatrix: all, answers)
  }

  private func report(_ reports: [ImportReport]) throws {
    if junit { return try StandardStream.output.write(JUnit.document(reports) + "\n") }
    if json {
      for report in reports { try report.print(asJSON: true) }
    } else if reports.count > 1 {
      try ImportMatrix(reports).print(asJSON: false)
    } else {
      try reports[0].print(asJSON: false)
    }
  }

  private func conclude(_ reports: [ImportReport]) throws {
    let answers = reports.flatMap(\.devices)
    let refused = answers.filter { $0.result == .refused }
    if refused.isEmpty {
      if answers.contains(where: { $0.result == .ok }) { return }
      for answer in answers { Diagnostics.say("\(answer.device): \(answer.explanation)", hint: nil) }
      throw Failure(status: .missing)
    }
    if !all {
      for answer in refused {
        Diagnostics.say(
          "\(answer.device): \(answer.call ?? "import"): \(answer.error ?? "refused")", hint: answer.reason)
      }
    }
    if refused.contains(where: { $0.status == .timedOut }) { throw Failure(status: .timedOut) }
    throw Failure(status: refused.allSatisfy { $0.status == .missing } ? .missing : .failed)
  }
}

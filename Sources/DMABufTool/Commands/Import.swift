// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHolding
import DMABufHost
import DMABufImage
import SystemPackage

/// `dmabuf import`: tries to import buffers into devices and reports each result.
struct Import: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Try to import a buffer into devices and report each result.",
    usage: """
      dmabuf import <REF> ... <DEVICE> ... [<options>] [-- <COMMAND> ...]
      dmabuf import <REF> | --from <SOURCE> ... --all [<options>] [-- <COMMAND> ...]
      """,
    discussion: """
      DRM devices import the buffer through PRIME. --framebuffer tries whether a display can show it. V4L2 devices \
      import it into each of their queues. --stream captures frames into the buffer, or reads frames from it. A \
      device that does both reads the first buffer and writes the second. All imports end with the command. With \
      --hold NAME they end with dmabuf release NAME, with a command after -- when it exits.

      EXAMPLES
        dmabuf import camera drm:vgem /dev/video0               # two devices
        dmabuf import fd:3 v4l2:vivid --stream 10 --checksum    # ten frames
        dmabuf import fd:3 drm:vkms --framebuffer 640x480:XR24  # a display
        dmabuf import --all --from heap:system --from udmabuf --junit  # for CI
      """)

  @Argument(
    help: ArgumentHelp("Buffers and devices, in any order.", valueName: "REF|DEVICE"),
    completion: Completion.referencesAndDevices)
  var words: [String] = []

  @Flag(help: "Try every DRM and V4L2 node of this machine.")
  var all = false

  @Option(
    help: ArgumentHelp("Try the buffer as a framebuffer (ADDFB2): WxH:FOURCC[:MODIFIER].", valueName: "WxH:FOURCC"),
    transform: ImageArgument.init)
  var framebuffer: ImageArgument?

  @OptionGroup(title: "LAYOUT OF A FRAMEBUFFER") var layout: PlaneOptions

  @OptionGroup(title: "NEW BUFFERS") var new: ImportSourceOptions
  @OptionGroup(title: "STREAMING") var streaming: ImportStreamOptions

  @Flag(help: "Print the results as JUnit XML.")
  var junit = false

  @Flag(help: .json) var json = false

  @OptionGroup(title: "HOLDING") var keeping: KeepOptions

  /// The command to run while the devices hold references to the buffers.
  var command: [String] = []

  /// The buffers and devices that the words name.
  private var given = Given()

  enum CodingKeys: CodingKey {
    case words, all, framebuffer, layout, new, streaming, junit, json, keeping
  }

  /// Whether the imports last beyond the probe.
  private var isKept: Bool { keeping.hold != nil || !command.isEmpty }

  mutating func validate() throws {
    given = try Given(words)
    let (references, devices) = (given.references, given.devices)
    if references.isEmpty == new.from.isEmpty {
      throw ValidationError(
        new.from.isEmpty
          ? "Missing expected argument '<REF>': a buffer, or --from"
          : "use either a buffer REF or --from, not both")
    }
    if devices.isEmpty != all {
      if all { throw ValidationError("--all and devices exclude each other") }
      let names = references.map { "'\($0)'" }.joined(separator: ", ")
      throw ValidationError(
        "Missing expected argument '<DEVICE>': a path, drm:NAME or v4l2:NAME, or --all"
          + (references.count > 1 ? "; \(names) name buffers" : ""))
    }
    if junit, json { throw ValidationError("--json and --junit exclude each other") }
    if layout.isGiven, framebuffer == nil {
      throw ValidationError("--stride, --align, --layout and --offset need --framebuffer")
    }
    if keeping.hold != nil, streaming.format != nil {
      throw ValidationError("--format and --hold exclude each other: --format ends with the import")
    }
    if keeping.hold != nil, streaming.stream != nil {
      throw ValidationError("--stream and --hold exclude each other: --stream ends the import")
    }
  }

  func run() throws {
    try checkKeeping()
    try streaming.format?.checkIsLinear("set the format of a queue")
    if isKept, new.from.count > 1 || junit {
      throw ValidationError("--hold and a command after -- need exactly one buffer, and exclude --junit")
    }
    let targets = try all ? Device.all() : given.devices.map { try $0.resolve(primary: framebuffer != nil) }
    if targets.isEmpty {
      throw Failure(
        "this machine has no DRM or V4L2 devices", hint: Advice.testDevices,
        status: .missing)
    }
    let frame = try framebufferLayout()
    var buffers = Kept<DMABuffer>()
    var reports: [ImportReport] = []
    let sources: [BufferSource?] = new.from.isEmpty ? [nil] : new.from
    for source in sources {
      buffers = Kept()
      if let source {
        buffers.append(try source.allocate(new.size.bytes, readOnly: false))
      } else {
        for reference in given.references { buffers.append(try reference.open()) }
      }
      reports.append(try tryImport(of: buffers, source.map { "\($0)" }, into: targets, frame))
    }
    if reports.contains(where: \.isRefused) || junit || reports.count > 1 {
      try print(reports)
    } else {
      buffers.join(as: .attachment, attached: reports[0].devices.map(\.place).joined(separator: ", "))
      try keep(buffers) { _ in reports[0] }
    }
    try conclude(reports)
  }

  /// The layout of the framebuffer: all planes in one buffer, or each plane in a buffer of its own.
  private func framebufferLayout() throws -> FramebufferLayout? {
    guard let framebuffer else { return nil }
    let count = max(1, given.references.count)
    guard count > 1 else { return try FramebufferLayout(layout.layout(of: framebuffer)) }
    let image = try layout.options.layout(of: framebuffer, offsets: nil)
    let offsets = layout.offset?.bytes ?? Array(repeating: 0, count: count)
    guard image.planes.count == count, offsets.count == count else {
      throw Failure(
        "cannot try a framebuffer of \(count) buffers: \(image.format) has \(Units.count(image.planes.count, "plane"))",
        hint: "name one buffer, or one buffer for each plane", status: .usage)
    }
    return try FramebufferLayout(image, offsets: offsets)
  }

  /// Tries each device in turn. Open nodes of lasting imports stay open together with the buffers.
  private func tryImport(
    of buffers: Kept<DMABuffer>, _ source: String?, into targets: [Device], _ framebuffer: FramebufferLayout?
  ) throws -> ImportReport {
    let trial = ImportTrial(
      buffers: buffers, facts: try BufferFacts(buffers), framebuffer: framebuffer, isNamed: !all,
      format: streaming.format, stream: streaming.frames, isKept: isKept)
    var results: [ImportReport.DeviceResult] = []
    let progress = Progress(after: streaming.stream == nil ? 1_000_000_000 : 0)
    defer { progress.finish() }
    for target in targets {
      progress.show(target.path + (streaming.stream.map { ": \($0) frames" } ?? ""))
      switch target.subsystem {
      case .drm: results.append(trial.importBuffer(intoDRM: target.node))
      case .v4l2: results += trial.importBuffers(intoV4L2: target.node)
      }
      try Interruption.check()
    }
    return try ImportReport(buffers, source: source, isMatrix: all, results)
  }

  private func print(_ reports: [ImportReport]) throws {
    if junit { return try StandardStream.output.write(JUnit.document("dmabuf import", reports.map(\.junit))) }
    if json {
      for report in reports { try report.print(asJSON: true) }
    } else if reports.count > 1 {
      try ImportMatrix(reports).print(asJSON: false)
    } else {
      try reports[0].print(asJSON: false)
    }
  }

  private func conclude(_ reports: [ImportReport]) throws {
    let results = reports.flatMap(\.devices)
    let refused = results.filter { $0.outcome == .refused }
    if refused.isEmpty {
      if results.contains(where: { $0.outcome == .ok }) { return }
      for result in results { Diagnostics.say("\(result.device): \(result.explanation)", hint: nil) }
      throw Failure(status: .missing)
    }
    if !all {
      for result in refused {
        Diagnostics.say(
          "\(result.device): \(result.call ?? "import"): \(result.error ?? "refused")", hint: result.reason)
      }
    }
    if refused.contains(where: { $0.status == .timedOut }) { throw Failure(status: .timedOut) }
    throw Failure(status: refused.allSatisfy { $0.status == .missing } ? .missing : .failed)
  }
}

extension Import {
  /// The parsed words: buffers and devices in any order.
  private struct Given {
    var references: [Reference] = []
    var devices: [DeviceReference] = []

    init() {}

    init(_ words: [String]) throws {
      for word in words {
        if let device = DeviceReference.parse(word) {
          devices.append(device)
        } else if let reference = try? Reference(word) {
          references.append(reference)
        } else {
          throw ValidationError(
            "The value '\(word)' is neither a buffer (fd:N, PID:FD, ino:N) nor a device (a path, drm:NAME, v4l2:NAME)"
          )
        }
      }
    }
  }
}

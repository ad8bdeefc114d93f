// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufDisplay
import DMABufHolding
import SystemPackage

/// `dmabuf present`: shows buffers on a display.
struct Present: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "present",
    abstract: "Show a buffer on a display.",
    usage: "dmabuf present <REF> ... <DEVICE> [<WxH:FOURCC>] [<options>]",
    discussion: """
      Imports the buffer, tests an atomic commit, commits it, and restores the former state of the display. The \
      image needs the size of a mode. Each REF is a whole image: --page-flips alternates between several. The \
      command needs to become DRM master, and refuses if another process is master.

      EXAMPLES
        dmabuf present frame drm:vkms 1024x768:XR24 --for 5s  # show it for a while
        dmabuf present a b drm:vkms 1024x768:XR24 --page-flips 120  # alternately
        dmabuf present frame drm:vkms 1024x768:XR24 --writeback copy  # read back
      """)

  @Argument(
    help: ArgumentHelp("Buffers, a DRM device, and the layout of the images.", valueName: "REF|DEVICE|WxH:FOURCC"),
    completion: Completion.referencesAndDevices)
  var words: [String]

  @OptionGroup(title: "LAYOUT OF THE IMAGES") var layout: PlaneOptions

  @Option(
    help: ArgumentHelp("Use the connector NAME (HDMI-A-1). Default: the first with a monitor.", valueName: "NAME"))
  var connector: String?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "Show the buffer for DURATION (500ms, 2s, 1m). Default: until it is shown once.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var duration: TimeSpan?

  @Option(
    help: ArgumentHelp("Run N page flips, alternately between the buffers. Print the intervals.", valueName: "N"))
  var pageFlips: Int?

  @Option(
    help: ArgumentHelp("Wait in the kernel for the fences of SYNC_FILE (IN_FENCE_FD).", valueName: "SYNC_FILE"),
    completion: Completion.references, transform: Reference.init)
  var inFence: Reference?

  @Option(
    help: ArgumentHelp("Hold the fence of the commit under NAME (OUT_FENCE_PTR).", valueName: "NAME"),
    transform: KeepOptions.name)
  var outFence: HeldName?

  @Option(
    help: ArgumentHelp("Write what the display shows into the buffer REF.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var writeback: Reference?

  @Option(
    help: ArgumentHelp("Stop each wait after DURATION (500ms, 2s, 1m). Default: 5s.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var timeout = TimeSpan(.seconds(5))

  @Flag(help: .json) var json = false

  func validate() throws {
    let (references, _, _) = try given()
    if let pageFlips { try ValidationError.check(pageFlips, of: "--page-flips <N>", in: 1...1_000_000) }
    if references.count > 1, pageFlips == nil {
      throw ValidationError("several buffers need --page-flips: each is a whole image")
    }
  }

  /// The buffers, the device and the image that the words name.
  private func given() throws -> ([Reference], DeviceReference, ImageArgument?) {
    let image = try words.last.flatMap { ImageArgument.isMeant(by: $0) ? try ImageArgument($0) : nil }
    let others = image == nil ? words[...] : words.dropLast()
    guard others.count >= 2, let device = others.last else {
      throw ValidationError("Missing expected argument: a buffer and a device are needed")
    }
    return (try others.dropLast().map(Reference.init), try DeviceReference(device), image)
  }

  /// The layout on the command line, or the one that the holder of the first buffer remembers.
  private func framebufferLayout(_ image: ImageArgument?, _ reference: Reference) throws -> FramebufferLayout {
    if let image { return try FramebufferLayout(layout.layout(of: image)) }
    guard let known = try reference.heldImage(), !layout.isGiven else {
      throw ValidationError("Missing expected argument '<WxH:FOURCC>': the image of \(reference) is not known")
    }
    return try FramebufferLayout(known)
  }

  func run() throws {
    let (references, device, image) = try given()
    let layout = try framebufferLayout(image, references[0])
    let buffers = Kept<DMABuffer>()
    for reference in references { buffers.append(try reference.open()) }
    let fence = Kept<SyncFile>()
    if let inFence { fence.append(try inFence.openSyncFile()) }
    let target = Kept<DMABuffer>()
    if let writeback { target.append(try writeback.open()) }
    let node = try DRMNode(display: device)
    let report: PresentReport
    do {
      report = try node.asMaster {
        let chosen = try node.pipeline(connector: connector, for: layout, writesBack: writeback != nil)
        return try withFramebuffers(layout, of: buffers, on: node) { images in
          try withFramebuffers(layout, of: target, on: node) { targets in
            let commit = DisplayCommit(
              framebuffer: images[0], writeback: targets.first, inFence: fence.numbers.first)
            let pipeline = try node.test(commit, on: chosen)
            return try node.restoring(pipeline, within: timeout.duration) {
              let shown = try show(commit, images, on: pipeline, of: node)
              return PresentReport(
                device: node.path, driver: node.driver, pipeline, layout, BufferIdentity.all(buffers),
                writeback: BufferIdentity.all(target).first, outFence: outFence, shown)
            }
          }
        }
      }
    } catch let error as StateNotRestored {
      // Also after a signal, which otherwise ends the process without a message.
      let waits = inFence != nil && error.reason.errno == .resourceBusy
      Diagnostics.say(
        "\(error)", hint: waits ? "the kernel cannot cancel a commit that waits for a fence; signal the fence" : nil)
      throw Failure(status: error.cause is TimedOut ? .timedOut : .failed)
    }
    try report.print(asJSON: json)
  }

  /// Adds a framebuffer for each buffer for the time of `body`.
  private func withFramebuffers<Result>(
    _ layout: FramebufferLayout, of buffers: Kept<DMABuffer>, on node: borrowing DRMNode, _ added: [UInt32] = [],
    _ body: ([UInt32]) throws -> Result
  ) throws -> Result {
    if added.count == buffers.count { return try body(added) }
    let next = added.count
    do {
      return try buffers.with(next) { buffer in
        try node.withFramebuffer(layout, of: buffer) {
          try withFramebuffers(layout, of: buffers, on: node, added + [$0], body)
        }
      }
    } catch let error as KernelError where error.call == .DRM_IOCTL_MODE_ADDFB2 {
      let limits = node.displayLimits().map { ($0, takesModifiers: node.takesModifiers) }
      let size = buffers.with(next) { $0.size }
      throw Failure("\(error)", hint: ImportAdvice.framebuffer(error, layout, sizes: [size], limits: limits))
    }
  }

  private func show(
    _ commit: DisplayCommit, _ images: [UInt32], on pipeline: DisplayPipeline, of node: borrowing DRMNode
  ) throws -> PresentReport.Times {
    var times = PresentReport.Times()
    let start = Clock.now
    let fences = try node.show(commit, on: pipeline)
    let socket = try outFence.map { try hold(fences.shown, $0) }
    do {
      try follow(commit, images, fences, since: start, on: pipeline, of: node, &times)
    } catch {
      if let outFence, let socket { try? Holding.release(outFence, socket) }
      throw error
    }
    return times
  }

  /// Waits for the commit, its writeback and the page flips after it.
  private func follow(
    _ commit: DisplayCommit, _ images: [UInt32], _ fences: borrowing CommitFences, since start: UInt64,
    on pipeline: DisplayPipeline, of node: borrowing DRMNode, _ times: inout PresentReport.Times
  ) throws {
    let flip = try node.nextFlip(deadline: timeout.deadline)
    times.flips.append(flip)
    // A CRTC that was off has no vertical blank yet. The event then has an earlier time than the commit.
    times.shown = (flip.time > start ? flip.time : Clock.now) - start
    if commit.writeback != nil {
      try fences.waitForWriteback(deadline: timeout.deadline)
      times.written = Clock.now - start
    }
    for index in 0..<(pageFlips ?? 0) {
      try Interruption.check()
      try node.flip(to: images[(index + 1) % images.count], on: pipeline)
      times.flips.append(try node.nextFlip(deadline: timeout.deadline))
    }
    if let duration { try Deadline(after: duration.duration).sleep() }
  }

  private func hold(_ fence: borrowing SyncFile, _ name: HeldName) throws -> SocketIdentity {
    do {
      return try Holding.start(
        name, kind: .syncFile, descriptor: fence.descriptorNumber, companions: [], attached: "", trigger: nil,
        after: nil, replacing: false)
    } catch HolderError.nameTaken {
      throw Failure("\(HolderError.nameTaken(name))", hint: "use dmabuf release \(name) to release its holder first")
    }
  }
}

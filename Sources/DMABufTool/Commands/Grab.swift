// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufDisplay
import SystemPackage

/// `dmabuf grab`: exports the buffers that a display shows.
struct Grab: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "grab",
    abstract: "List and export the buffers that a display shows now.",
    usage: "dmabuf grab <DEVICE> [<options>] [-- <COMMAND> ...]",
    discussion: """
      Lists each plane that shows a framebuffer, with the processes that hold its buffers. The kernel exports the \
      buffers to the DRM master and to processes with CAP_SYS_ADMIN. --hold NAME holds the buffers until dmabuf \
      release NAME. A command after -- inherits the descriptors in DMABUF_FDS.

      EXAMPLES
        dmabuf grab drm:amdgpu                    # what is on the display?
        dmabuf grab /dev/dri/card0 --hold screen  # hold the buffers
        dmabuf grab drm:vkms --output screen.png  # a picture of it
        dmabuf grab drm:vkms --plane 31 --json    # one plane
      """)

  @Argument(
    help: ArgumentHelp("The DRM device: a path or drm:NAME.", valueName: "DEVICE"),
    completion: Completion.devices, transform: DeviceReference.init)
  var device: DeviceReference

  @Option(help: ArgumentHelp("Select the plane with the id N. Default: all planes that are on.", valueName: "N"))
  var plane: UInt32?

  @Flag(help: "Show the plane as a picture on the terminal.")
  var image = false

  @Option(
    help: ArgumentHelp(
      "Write the plane as a picture to FILE (.png, .ppm, .y4m); - is PNG on standard output.", valueName: "FILE"))
  var output: String?

  @Flag(help: .json) var json = false

  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
  var command: [String] = []

  func validate() throws {
    if image, output != nil { throw ValidationError("--image and --output exclude each other") }
    if image || output == "-", json || keeping.hold != nil || !command.isEmpty {
      throw ValidationError("a picture on standard output excludes --json, --hold and a command after --")
    }
    if let output { _ = try PictureFile(output) }
  }

  func run() throws {
    try checkKeeping()
    let node = try DRMNode(display: device)
    let planes = try shownPlanes(node)
    var grabbed = GrabbedPlanes()
    for plane in planes { try grabbed.append(plane, of: node) }
    let refusal = grabbed.refusal(of: node.path)
    if let refusal, keeping.hold != nil || !command.isEmpty || image || output != nil { throw refusal }
    if image || output != nil {
      try show(grabbed, of: node.path)
      if keeping.hold == nil, command.isEmpty, !json { return }
    }
    try keep(grabbed.buffers) { names in
      try GrabReport(device: node.path, driver: node.driver, grabbed, DisplayDebugFiles(of: node), names: names)
    }
    if let refusal { throw refusal }
  }

  /// Shows or writes the only plane as a picture.
  private func show(_ grabbed: GrabbedPlanes, of path: String) throws {
    guard grabbed.planes.count == 1 else {
      let planes = grabbed.planes.map { "\($0.plane.id)" }.joined(separator: ", ")
      throw Failure(
        "cannot show \(path): "
          + (planes.isEmpty ? "no plane shows a framebuffer" : "\(grabbed.planes.count) planes show framebuffers"),
        hint: planes.isEmpty ? nil : "choose one with --plane: \(planes)")
    }
    let source = try grabbed.picture(of: grabbed.planes[0])
    guard let output else { return try TerminalPicture(source).show() }
    try PictureFile(output).write(source)
  }

  private func shownPlanes(_ node: borrowing DRMNode) throws -> [DisplayPlane] {
    let all = try node.displayPlanes()
    if let plane, !all.contains(where: { $0.id == plane }) {
      throw Failure(
        "cannot grab plane \(plane): \(node.path) has no such plane",
        hint: "the planes of the device are " + all.map { "\($0.id)" }.joined(separator: ", "))
    }
    let shown = all.filter { $0.framebuffer != nil && (plane == nil || $0.id == plane) }
    if shown.isEmpty, plane != nil || keeping.hold != nil || !command.isEmpty {
      let (subject, reason) = plane.map { ("plane \($0)", "it shows") } ?? (node.path, "no plane shows")
      throw Failure("cannot grab \(subject): \(reason) \(plane == nil ? "a" : "no") framebuffer")
    }
    return shown
  }
}

extension DRMNode {
  /// Opens the node of a device with displays.
  init(display device: DeviceReference) throws {
    let device = try device.resolve(primary: true)
    guard device.subsystem == .drm else {
      throw Failure("cannot use \(device.path): V4L2 devices have no displays", status: .usage)
    }
    let node = try DRMNode(device.node)
    guard node.displayLimits() != nil else {
      let primary = node.isRender ? node.primaryPath : nil
      throw Failure(
        "\(node.path): \(node.isRender ? "render nodes have" : "\(node.driver.escaped) has") no displays",
        hint: primary.map { "use the primary node \($0)" }, status: .missing)
    }
    self = node
  }
}

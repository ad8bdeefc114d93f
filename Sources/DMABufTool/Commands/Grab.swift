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
        dmabuf grab drm:vkms --plane 31 --json    # one plane
      """)

  @Argument(
    help: ArgumentHelp("The DRM device: a path or drm:NAME.", valueName: "DEVICE"),
    completion: Completion.devices, transform: DeviceReference.init)
  var device: DeviceReference

  @Option(help: ArgumentHelp("Select the plane with the id N. Default: all planes that are on.", valueName: "N"))
  var plane: UInt32?

  @Flag(help: .json) var json = false

  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
  var command: [String] = []

  func run() throws {
    try checkKeeping()
    let node = try DRMNode(display: device)
    let planes = try shownPlanes(node)
    var grabbed = GrabbedPlanes()
    for plane in planes { try grabbed.append(plane, of: node) }
    let refusal = grabbed.refusal(of: node.path)
    if let refusal, keeping.hold != nil || !command.isEmpty { throw refusal }
    try keep(grabbed.buffers) { names in
      try GrabReport(device: node.path, driver: node.driver, grabbed, DisplayDebugFiles(of: node), names: names)
    }
    if let refusal { throw refusal }
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

/// The planes that were grabbed, and their buffers. Planes may share buffers.
struct GrabbedPlanes {
  struct Plane {
    let plane: DisplayPlane
    let framebuffer: Framebuffer
    /// The inode numbers of the buffers.
    let inodes: [UInt64]
  }

  let buffers = Kept<DMABuffer>()
  private(set) var planes: [Plane] = []

  mutating func append(_ plane: DisplayPlane, of node: borrowing DRMNode) throws {
    guard let id = plane.framebuffer else { return }
    var inodes: [UInt64] = []
    let known = buffers
    let framebuffer = try node.exportFramebuffer(id) { buffer in
      inodes.append(buffer.inode)
      if !known.map({ $0.inode }).contains(buffer.inode) { known.append(buffer) }
    }
    planes.append(Plane(plane: plane, framebuffer: framebuffer, inodes: inodes))
  }

  /// The error when the kernel did not export all buffers.
  func refusal(of path: String) -> Failure? {
    guard let refused = planes.first(where: { !$0.framebuffer.isExported }) else { return nil }
    if let error = refused.framebuffer.refusal {
      return Failure("\(error)", hint: error.errno == .noFunction ? "the driver cannot export its buffers" : nil)
    }
    return Failure(
      "\(path): DRM_IOCTL_MODE_GETFB2: the buffers of framebuffer \(refused.framebuffer.id) need CAP_SYS_ADMIN",
      hint: "run as root; the DRM master gets the buffers, too")
  }
}

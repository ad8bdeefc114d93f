// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufImage
import SystemPackage

/// `dmabuf export`: exports buffers of a device.
struct Export: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export buffers of a DRM or V4L2 device.",
    usage: "dmabuf export <DEVICE> [<options>] [-- <COMMAND> ...]",
    discussion: """
      A DRM device exports dumb buffers, from its primary node. A V4L2 device exports the buffers of a queue, in \
      the current format or in that of --size. Each plane is a buffer of its own. The queue is restored \
      afterwards. --hold NAME holds the buffers until dmabuf release NAME. A command after -- inherits the \
      descriptors in DMABUF_FDS.

      EXAMPLES
        dmabuf export drm:vgem --size 1920x1080:XR24              # a dumb buffer
        dmabuf export /dev/video0 --buffers 4 --hold camera       # four buffers
        dmabuf export v4l2:vivid --size 640x480:NV12 --read-only  # in a format
      """)

  @Argument(
    help: ArgumentHelp("The device: a path, drm:NAME or v4l2:NAME.", valueName: "DEVICE"),
    completion: Completion.devices, transform: DeviceReference.init)
  var device: DeviceReference

  @Option(
    help: ArgumentHelp(
      "Set width, height and fourcc (1920x1080:XR24). Required for DRM. Default for V4L2: the current format.",
      valueName: "WxH:FOURCC"),
    transform: { try ImageArgument($0) })
  var size: ImageArgument?

  @Option(help: ArgumentHelp("Export N buffers.", valueName: "N"))
  var buffers = 1

  @Option(
    help: ArgumentHelp("Use the V4L2 queue TYPE, as listed by dmabuf devices. Default: the first.", valueName: "TYPE")
  )
  var queue: String?

  @Option(
    help: ArgumentHelp("Set the name that lists show (DMA_BUF_SET_NAME), at most 31 bytes.", valueName: "NAME"),
    transform: KernelName.init)
  var name: KernelName?

  @Flag(help: "Export descriptors that allow read-only mappings.")
  var readOnly = false

  @Flag(help: .json) var json = false

  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
  var command: [String] = []

  func validate() throws {
    try ValidationError.check(buffers, of: "--buffers <N>", in: 1...1024)
  }

  func run() throws {
    try checkKeeping()
    try size?.checkIsLinear("export an image")
    let device = try device.resolve(primary: true)
    var exported = ExportedBuffers()
    let driver: UntrustedText
    switch device.subsystem {
    case .drm: driver = try exportDumb(device.node, into: &exported)
    case .v4l2: driver = try exportQueue(device.node, into: &exported)
    }
    if let name { _ = try exported.buffers.map { try $0.setName(name.text) } }
    try keep(exported.buffers) { names in
      try ExportReport(device: device.path, driver: driver, exported, names: names)
    }
  }

  // MARK: DRM

  private func exportDumb(_ found: FoundNode, into exported: inout ExportedBuffers) throws -> UntrustedText {
    guard let size else {
      throw Failure(
        "cannot export a dumb buffer: --size is missing",
        hint: "add --size WxH:FOURCC, such as --size 1920x1080:XR24", status: .usage)
    }
    guard queue == nil else {
      throw Failure(
        "cannot use --queue: DRM devices have no queues", hint: "--queue is for V4L2 devices", status: .usage)
    }
    let tight = try size.layout()
    let node = try DRMNode(found)
    for index in 0..<buffers {
      let start = Clock.now
      let dumb = try node.makeDumbBuffer(tight, readOnly: readOnly)
      let layout = try size.layout(strides: ByteList([dumb.stride]))
      exported.append(
        dumb.releaseBuffer(),
        .init(
          plane: 0, index: index, stride: layout.planes[0].stride, size: nil, format: size.fourcc, image: layout,
          time: Clock.now - start))
      try Interruption.check()
    }
    return node.driver
  }

  // MARK: V4L2

  private func exportQueue(_ found: FoundNode, into exported: inout ExportedBuffers) throws -> UntrustedText {
    let node = try V4L2Node(found)
    let queue = try chosenQueue(node)
    guard let size else {
      try export(node, queue, into: &exported)
      return node.driver
    }
    try node.withFormat(queue, width: size.width, height: size.height, fourcc: size.fourcc) {
      try export(node, queue, into: &exported)
    }
    return node.driver
  }

  private func chosenQueue(_ node: borrowing V4L2Node) throws -> V4L2Queue {
    let usable = node.queues.filter { size == nil || $0.isVideo }
    guard let found = usable.first(where: { queue == nil || $0.name == queue }) else {
      let names = node.queues.map(\.name).joined(separator: ", ")
      throw Failure(
        "cannot export from \(node.path): it has no such queue",
        hint: names.isEmpty ? "the node has no queues of buffers" : "the queues of the node are \(names)")
    }
    return found
  }

  private func export(_ node: borrowing V4L2Node, _ queue: V4L2Queue, into exported: inout ExportedBuffers) throws {
    let format = try node.format(of: queue)
    try node.withBuffers(buffers, .mapped, on: queue) { granted in
      if granted < buffers {
        Diagnostics.say("\(node.path): the driver allocates at most \(granted) buffers, not \(buffers)", hint: nil)
      }
      // The driver may also allocate more buffers than requested.
      for index in 0..<min(granted, buffers) {
        for (plane, form) in format.planes.enumerated() {
          let start = Clock.now
          let buffer = try node.exportBuffer(index, plane: plane, on: queue, readOnly: readOnly)
          exported.append(
            buffer,
            .init(
              plane: plane, index: index, stride: form.stride, size: form.size, format: format.fourcc,
              image: DeviceLayout.layout(format), time: Clock.now - start))
        }
      }
    }
  }
}

/// Exported buffers and their properties, as the device reported them.
struct ExportedBuffers {
  struct Part {
    let plane: Int
    let index: Int
    let stride: Int?
    /// The bytes that V4L2 needs for the plane (`sizeimage`).
    let size: Int?
    let format: FourCC
    /// The image in the buffer; `nil` if its layout is not known, or if its planes are in several buffers.
    let image: ImageLayout?
    let time: UInt64
  }

  let buffers = Kept<DMABuffer>()
  private(set) var parts: [Part] = []

  mutating func append(_ buffer: consuming DMABuffer, _ part: Part) {
    buffers.append(buffer, image: part.image)
    parts.append(part)
  }
}

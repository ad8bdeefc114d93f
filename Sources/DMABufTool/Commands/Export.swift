// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import SystemPackage

/// `dmabuf export`: has a device make buffers.
struct Export: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export buffers of a DRM or V4L2 device.",
    discussion: """
      A DRM device makes dumb buffers, on its primary node alone. A V4L2 device exports the buffers of a \
      queue, each plane by itself, in its current format or another one; the queue is then put back as it \
      was. With --hold NAME the buffers stay until dmabuf release NAME. A command after -- inherits them; \
      DMABUF_FDS holds their descriptors.

      EXAMPLES
        dmabuf export drm:vgem --size 1920x1080:XR24
        dmabuf export /dev/video0 --buffers 4 --hold camera
        dmabuf export v4l2:vivid --size 640x480:NV12 --read-only
      """)

  @Argument(
    help: "A path, drm:NAME or v4l2:NAME, by driver.", completion: Completion.devices, transform: DeviceReference.init
  )
  var device: DeviceReference

  @Option(
    help: ArgumentHelp(
      "Width, height and fourcc, as in 1920x1080:XR24. Default for V4L2: the current format.", valueName: "image"),
    transform: { try ImageArgument($0) })
  var size: ImageArgument?

  @Option(help: "How many buffers.")
  var buffers = 1

  @Option(help: ArgumentHelp("Which of the device's queues. Default: the first.", valueName: "type"))
  var queue: String?

  @Option(help: "Name the buffers; at most 31 bytes.", transform: KernelName.init)
  var name: KernelName?

  @Flag(help: "Descriptors that the CPU may only read through.")
  var readOnly = false

  @Flag(help: .json) var json = false

  @OptionGroup var keeping: KeepOptions

  @Argument(parsing: .postTerminator, help: "A command to run with the descriptors.")
  var command: [String] = []

  func validate() throws {
    try ValidationError.check(buffers, of: "--buffers <buffers>", in: 1...1024)
  }

  func run() throws {
    try checkKeeping()
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
        "a dumb buffer needs a size: --size 1920x1080:XR24, say", hint: "dmabuf export --help", status: .usage)
    }
    guard queue == nil else {
      throw Failure("DRM devices have no queues; --queue is for V4L2", hint: "dmabuf export --help", status: .usage)
    }
    let layout: ImageLayout
    do {
      layout = try size.layout()
    } catch let error as ValidationError {
      throw Failure("\(size.fourcc): \(error.message)", hint: "dmabuf export --help", status: .usage)
    }
    let node = try DRMNode(found)
    // The planes of one image follow each other in one buffer: more lines of the first one's length.
    let stride = layout.planes[0].stride
    let lines = (layout.size + stride - 1) / stride
    for index in 0..<buffers {
      let start = Clock.now
      let dumb = try node.makeDumbBuffer(
        width: layout.width, height: lines, bitsPerPixel: stride * 8 / layout.width, readOnly: readOnly)
      let pitch = dumb.stride
      exported.append(
        dumb.releaseBuffer(),
        .init(plane: 0, index: index, stride: pitch, format: size.fourcc, time: Clock.now - start))
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
        "\(node.path) has no queue that fits",
        hint: names.isEmpty ? "the node has no queues of buffers" : "its queues are \(names)")
    }
    return found
  }

  private func export(_ node: borrowing V4L2Node, _ queue: V4L2Queue, into exported: inout ExportedBuffers) throws {
    let format = try node.format(of: queue)
    try node.withBuffers(buffers, .mapped, on: queue) { granted in
      if granted < buffers {
        Diagnostics.say("\(node.path): the driver makes \(granted) buffers at a time, not \(buffers)", hint: nil)
      }
      // It may also make more than were asked for.
      for index in 0..<min(granted, buffers) {
        for (plane, form) in format.planes.enumerated() {
          let start = Clock.now
          let buffer = try node.exportBuffer(index, plane: plane, on: queue, readOnly: readOnly)
          exported.append(
            buffer,
            .init(plane: plane, index: index, stride: form.stride, format: format.fourcc, time: Clock.now - start))
        }
      }
    }
  }
}

/// Buffers with what their device said of them.
struct ExportedBuffers {
  struct Part {
    let plane: Int
    let index: Int
    let stride: Int?
    let format: FourCC
    let time: UInt64
  }

  let buffers = Kept<DMABuffer>()
  private(set) var parts: [Part] = []

  mutating func append(_ buffer: consuming DMABuffer, _ part: Part) {
    buffers.append(buffer)
    parts.append(part)
  }
}

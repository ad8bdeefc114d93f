// SPDX-License-Identifier: MIT
import ArgumentParser
import BasicContainers
import DMABuf
import DMABufHolding
import DMABufImage
import SystemPackage

/// `dmabuf alloc`: allocates buffers, and releases them at exit or passes them to a command.
struct Alloc: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "alloc",
    abstract: "Allocate buffers from a dma-heap, udmabuf or a DRM device.",
    usage: """
      dmabuf alloc <SIZE> [<options>] [-- <COMMAND> ...]
      dmabuf alloc --list [--json]
      """,
    discussion: """
      Reports the buffers and releases them when the command exits. --hold NAME holds them until dmabuf release \
      NAME. A command after -- inherits the descriptors: DMABUF_FDS lists them (3,4), DMABUF_FD is set if there is \
      one.

      EXAMPLES
        dmabuf alloc --list                          # which sources work?
        dmabuf alloc 8M                              # does allocation work?
        dmabuf alloc 8M --hold camera                # hold a buffer
        dmabuf alloc 1920x1080:NV12 --from heap:cma  # an image
        dmabuf alloc 1920x1080:NV12 --align 256x16   # with padding for a codec
        dmabuf alloc 4M --count 2 -- my-program      # two buffers for a program
      """)

  @Argument(
    help: ArgumentHelp(
      "Bytes (4096, 64K, 8M, 1G; multiples of 1024), or an image (1920x1080:NV12).", valueName: "SIZE"),
    transform: BufferShape.init)
  var size: BufferShape?

  @Option(
    help: ArgumentHelp(
      "Allocate from SOURCE: heap:NAME, heap:cma, udmabuf, udmabuf:PAGESIZE or drm:NODE. Default: heap:system, else udmabuf.",
      valueName: "SOURCE"),
    completion: Completion.sources, transform: BufferSource.init(argument:))
  var from: BufferSource?

  @OptionGroup(title: "LAYOUT OF AN IMAGE") var layout: PlaneOptions

  @Option(help: ArgumentHelp("Allocate N buffers: all or none.", valueName: "N"))
  var count = 1

  @Option(
    help: ArgumentHelp("Set the name that lists show (DMA_BUF_SET_NAME), at most 31 bytes.", valueName: "NAME"),
    transform: KernelName.init)
  var name: KernelName?

  @Flag(help: "Export descriptors that allow read-only mappings. Not for udmabuf.")
  var readOnly = false

  @Flag(help: "Allocate more than the available memory. The kernel may kill processes to free memory.")
  var force = false

  @Flag(help: "List the sources of this machine, with their state, limits and free memory.")
  var list = false

  @Flag(help: .json) var json = false

  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
  var command: [String] = []

  func validate() throws {
    try ValidationError.check(count, of: "--count <N>", in: 1...1_000_000)
    if readOnly, case .udmabuf = from {
      throw ValidationError("udmabuf exports writable descriptors only; --read-only needs another source")
    }
  }

  func run() throws {
    if list { return try SourceReport.gather().print(asJSON: json) }
    // Checked here, because a check in validate() would hide the error of an unknown option.
    guard let size else { throw ValidationError("Missing expected argument '<SIZE>'") }
    try checkKeeping()
    let (bytes, image) = try size.resolve(layout)
    let candidates: [BufferSource] =
      from.map { [$0] } ?? [.heap("system")] + (readOnly ? [] : [.udmabuf(hugePageSize: nil)])
    var refusals: [KernelError] = []
    for source in candidates {
      let (buffers, times): (Kept<DMABuffer>, [UInt64])
      do {
        (buffers, times) = try allocate(bytes, image, from: source)
      } catch let error as KernelError where error.call == .open && from == nil {
        refusals.append(error)
        continue
      }
      return try keep(buffers) { names in
        try AllocationReport(buffers: buffers, source: source, times: times, image: image, names: names)
      }
    }
    throw Failure.noSource(refusals)
  }

  private func allocate(
    _ size: Int, _ image: ImageLayout?, from source: BufferSource
  ) throws -> (Kept<DMABuffer>, [UInt64]) {
    try checkAvailable(size, from: source)
    let buffers = Kept<DMABuffer>()
    var times: [UInt64] = []
    let progress = Progress()
    defer { progress.finish() }
    for number in 1...count {
      progress.show("\(number) of \(count) buffers")
      let start = Clock.now
      let buffer: DMABuffer
      do {
        buffer = try source.allocate(size, readOnly: readOnly)
      } catch let error as KernelError {
        throw explained(error, size: size)
      }
      times.append(Clock.now - start)
      if let name { try buffer.setName(name.text) }
      buffers.append(buffer, image: image)
      try Interruption.check()
    }
    return (buffers, times)
  }

  /// The kernel does not check sizes: the system heap accepts any size, even one that exhausts the machine's memory.
  private func checkAvailable(_ size: Int, from source: BufferSource) throws {
    let (total, overflow) = size.multipliedReportingOverflow(by: count)
    guard !force, let available = source.available(), overflow || UInt64(total) > available else { return }
    let wanted = overflow ? "\(count) times \(Units.size(UInt64(size)))" : Units.size(UInt64(total))
    throw Failure(
      "cannot allocate \(wanted) from \(source): only \(Units.size(available)) are available",
      hint: MemoryAdvice.shortage(of: source, wanted: overflow ? nil : UInt64(total)))
  }

  private func explained(_ error: KernelError, size: Int) -> any Error {
    guard let hint = MemoryAdvice.refusal(error, size: UInt64(size)) else { return error }
    return Failure("\(error)", hint: hint)
  }
}

struct AllocationReport: Report, Encodable {
  struct Buffer: Encodable {
    let summary: BufferSummary
    let source: String
    let allocationTime: UInt64
    let image: ImageDescription?

    enum CodingKeys: String, CodingKey {
      case source, image
      case allocationTime = "allocation_ns"
    }

    func encode(to encoder: any Encoder) throws {
      try summary.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(source, forKey: .source)
      try container.encode(allocationTime, forKey: .allocationTime)
      try container.encode(image, forKey: .image)
    }
  }

  let schema = "dmabuf.alloc/1"
  let buffers: [Buffer]

  init(
    buffers: Kept<DMABuffer>, source: BufferSource, times: [UInt64], image: ImageLayout?, names: [HeldName]
  ) throws {
    let image = image.map(ImageDescription.init)
    self.buffers = zip(try BufferSummary.all(buffers, heldAs: names), times).map {
      Buffer(summary: $0, source: "\(source)", allocationTime: $1, image: image)
    }
  }

  func text(style: Style) -> String {
    var table = Table(
      BufferSummary.columns + [.init("SOURCE"), .init("ALLOCATED IN", .right), .init("HELD AS")])
    table.rows = buffers.map {
      $0.summary.cells + [$0.source, Units.time($0.allocationTime), $0.summary.heldAs ?? "-"]
    }
    let image = buffers.first?.image.map { [""] + $0.lines(style: style) } ?? []
    return (table.lines(style: style) + image).joined(separator: "\n")
  }
}

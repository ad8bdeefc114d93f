// SPDX-License-Identifier: MIT
import ArgumentParser
import BasicContainers
import DMABuf
import DMABufHolding
import SystemPackage

/// `dmabuf alloc`: makes buffers, and lets go of them or hands them to a command.
struct Alloc: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "alloc",
    abstract: "Allocate buffers from a dma-heap or from user memory.",
    discussion: """
      The buffers are let go at once: a check that allocation works. With --hold NAME they stay until \
      dmabuf release NAME. A command after -- inherits them; DMABUF_FDS holds their descriptors (3,4), \
      DMABUF_FD the only one.

      EXAMPLES
        dmabuf alloc 8M
        dmabuf alloc 8M --hold camera
        dmabuf alloc 1920x1080:NV12 --from heap:cma --name frame
        dmabuf alloc 4M --from udmabuf --count 2 -- my-program
        dmabuf alloc --list
      """)

  @Argument(
    help: "A size (4096, 64K, 8M, 1G) or an image (1920x1080:NV12).", transform: BufferShape.init)
  var size: BufferShape?

  @Option(
    help: ArgumentHelp(
      "heap:NAME, heap:cma, udmabuf, udmabuf:2M or udmabuf:1G (huge pages), drm:NODE (dumb buffers). Default: the first that works of heap:system and udmabuf.",
      valueName: "source"),
    completion: Completion.sources, transform: BufferSource.init(argument:))
  var from: BufferSource?

  @Option(help: "How many buffers.")
  var count = 1

  @Option(help: "Name the buffers; at most 31 bytes.", transform: KernelName.init)
  var name: KernelName?

  @Flag(help: "Descriptors that the CPU may only read through.")
  var readOnly = false

  @Flag(help: "Ask the kernel even for more memory than is available.")
  var force = false

  @Flag(help: "List the sources of buffers on this machine.")
  var list = false

  @Flag(help: .json) var json = false

  @OptionGroup var keeping: KeepOptions

  @Argument(parsing: .postTerminator, help: "A command to run with the descriptors.")
  var command: [String] = []

  func validate() throws {
    try ValidationError.check(count, of: "--count <count>", in: 1...1_000_000)
    if readOnly, case .udmabuf = from {
      throw ValidationError("udmabuf makes writable descriptors only; --read-only needs a heap")
    }
  }

  func run() throws {
    if list { return try SourceReport.gather().print(asJSON: json) }
    // Not in validate(), which would hide an unknown option behind this.
    guard let size else { throw ValidationError("Missing expected argument '<size>'") }
    try checkKeeping()
    let candidates: [BufferSource] =
      from.map { [$0] } ?? [.heap("system")] + (readOnly ? [] : [.udmabuf(hugePageSize: nil)])
    var refusals: [KernelError] = []
    for source in candidates {
      let (buffers, times): (Kept<DMABuffer>, [UInt64])
      do {
        (buffers, times) = try allocate(size.size, from: source)
      } catch let error as KernelError where error.call == .open && from == nil {
        refusals.append(error)
        continue
      }
      return try keep(buffers) { names in
        try AllocationReport(buffers: buffers, source: source, times: times, image: size.image, names: names)
      }
    }
    throw Failure.noSource(refusals)
  }

  private func allocate(_ size: Int, from source: BufferSource) throws -> (Kept<DMABuffer>, [UInt64]) {
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
      buffers.append(buffer)
      try Interruption.check()
    }
    return (buffers, times)
  }

  /// The system heap takes any size, and the machine with it: nothing in the kernel checks.
  private func checkAvailable(_ size: Int, from source: BufferSource) throws {
    let (total, overflow) = size.multipliedReportingOverflow(by: count)
    guard !force, let available = source.available(), overflow || UInt64(total) > available else { return }
    let wanted = overflow ? "\(count) times \(Units.size(UInt64(size)))" : Units.size(UInt64(total))
    throw Failure(
      "\(source): \(wanted) is more than the \(Units.size(available)) that are available",
      hint: MemoryAdvice.shortage(of: source, wanted: overflow ? nil : UInt64(total)))
  }

  private func explained(_ error: KernelError, size: Int) -> any Error {
    guard let hint = MemoryAdvice.refusal(error, size: UInt64(size)) else { return error }
    return Failure("\(error)", hint: hint)
  }
}

/// What was allocated.
struct AllocationReport: Report, Encodable {
  struct Buffer: Encodable {
    let summary: BufferSummary
    let source: String
    let allocationTime: UInt64
    let image: Image?

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

  struct Image: Encodable {
    let width: Int
    let height: Int
    let format: String
    let planes: [ImageLayout.Plane]
  }

  let schema = "dmabuf.alloc/1"
  let buffers: [Buffer]

  init(
    buffers: Kept<DMABuffer>, source: BufferSource, times: [UInt64], image: ImageLayout?, names: [HeldName]
  ) throws {
    let image = image.map {
      Image(width: $0.width, height: $0.height, format: $0.format.fourcc, planes: $0.planes)
    }
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
    return (table.lines(style: style) + planeLines(style)).joined(separator: "\n")
  }

  private func planeLines(_ style: Style) -> [String] {
    guard let image = buffers.first?.image else { return [] }
    var table = Table(
      .init("PLANE", .right), .init("OFFSET", .right), .init("STRIDE", .right), .init("BYTES", .right))
    table.rows = image.planes.enumerated().map { index, plane in
      ["\(index)", "\(plane.offset)", "\(plane.stride)", "\(plane.size)"]
    }
    return ["", "\(image.width)x\(image.height) \(image.format):"] + table.lines(style: style)
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufDisplay
import DMABufHolding
import DMABufHost

struct GrabReport: Report, Encodable {
  struct Process: Encodable {
    let pid: Int32
    @Nullable var comm: UntrustedText?
  }

  struct Buffer: Encodable {
    let summary: BufferSummary
    /// The processes with descriptors or mappings of the buffer; `nil` if no source lists them.
    let processes: [Process]?

    enum CodingKeys: String, CodingKey { case processes }

    func encode(to encoder: any Encoder) throws {
      try summary.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(processes, forKey: .processes)
    }
  }

  /// The part of an image in one buffer.
  struct Part: Encodable {
    @Nullable var ino: UInt64?
    let offset: Int
    let stride: Int
  }

  struct Plane: Encodable {
    let plane: UInt32
    @Nullable var type: String?
    @Nullable var crtc: UInt32?
    @Nullable var x: Int?
    @Nullable var y: Int?
    @Nullable var shownWidth: Int?
    @Nullable var shownHeight: Int?
    let framebuffer: UInt32
    let width: Int
    let height: Int
    let format: String
    @Nullable var modifier: UInt64?
    @Nullable var modifierName: String?
    @Nullable var creator: UntrustedText?
    let layout: [Part]

    enum CodingKeys: String, CodingKey {
      case plane, type, crtc, x, y, framebuffer, width, height, format, modifier, layout
      case shownWidth = "shown_width"
      case shownHeight = "shown_height"
      case modifierName = "modifier_name"
      case creator = "allocated_by"
    }
  }

  let schema = "dmabuf.grab/1"
  let device: String
  let driver: UntrustedText
  let planes: [Plane]
  let buffers: [Buffer]
  /// Whether the census saw all processes.
  let holdersAreKnown: Bool

  enum CodingKeys: String, CodingKey {
    case schema, device, driver, planes, buffers
    case holdersAreKnown = "holders_known"
  }

  init(
    device: String, driver: UntrustedText, _ grabbed: GrabbedPlanes, _ files: DisplayDebugFiles, names: [HeldName]
  ) throws {
    self.device = device
    self.driver = driver
    let creators = (try? files.creators()) ?? [:]
    planes = grabbed.planes.map { Plane($0, creator: creators[$0.framebuffer.id]) }
    let summaries = try BufferSummary.all(grabbed.buffers, heldAs: names)
    let census = summaries.isEmpty ? nil : Census()
    holdersAreKnown = census?.seesAllProcesses ?? true
    buffers = summaries.map { summary in
      let holders = census?.buffers.first { $0.inode == summary.ino }?.holders ?? []
      // This process holds the buffers, too, for the time of the report.
      let others = holders.filter { $0.pid != ProcessLimits.processID }
      return Buffer(
        summary: summary,
        processes: census?.tellsOfProcesses == false
          ? nil : others.map { Process(pid: $0.pid, comm: census?.processes[$0.pid]?.command) })
    }
  }

  func text(style: Style) -> String {
    if planes.isEmpty { return "no plane of \(device) shows a framebuffer" }
    var table = Table(
      .init("PLANE", .right), .init("TYPE"), .init("CRTC", .right), .init("IMAGE"), .init("MODIFIER"),
      .init("INO", .right), .init("SIZE", .right), .init("ALLOCATED BY"), .init("PROCESSES"))
    for plane in planes {
      var inodes: [UInt64?] = []
      for part in plane.layout where !inodes.contains(part.ino) { inodes.append(part.ino) }
      for inode in inodes {
        let buffer = buffers.first { $0.summary.ino == inode }
        table.rows.append(
          plane.cells + [
            inode.map { "\($0)" } ?? "?", buffer.map { Units.size(UInt64($0.summary.size)) } ?? "?",
            plane.creator?.escaped ?? "?", processes(of: buffer),
          ])
      }
    }
    return table.lines(style: style).joined(separator: "\n")
  }

  private func processes(of buffer: Buffer?) -> String {
    guard let processes = buffer?.processes else { return "?" }
    let names = processes.map { Units.process($0.comm, $0.pid) } + (holdersAreKnown ? [] : ["?"])
    return names.isEmpty ? "-" : names.joined(separator: " ")
  }
}

extension GrabReport.Plane {
  init(_ grabbed: GrabbedPlanes.Plane, creator: UntrustedText?) {
    let (plane, image) = (grabbed.plane, grabbed.framebuffer)
    self.init(
      plane: plane.id, type: plane.kind?.rawValue, crtc: plane.crtc, x: plane.area?.x, y: plane.area?.y,
      shownWidth: plane.area?.width, shownHeight: plane.area?.height, framebuffer: image.id, width: image.width,
      height: image.height, format: "\(image.format)", modifier: image.modifier,
      modifierName: image.modifier.flatMap(DRMNode.name(ofModifier:)), creator: creator,
      layout: image.planes.map {
        .init(ino: $0.buffer.map { grabbed.inodes[$0] }, offset: $0.offset, stride: $0.stride)
      })
  }

  fileprivate var cells: [String] {
    let modifier = modifierName ?? modifier.map { "0x" + String($0, radix: 16) } ?? "-"
    return [
      "\(plane)", type ?? "?", crtc.map { "\($0)" } ?? "-", "\(width)x\(height):\(format)", modifier,
    ]
  }
}

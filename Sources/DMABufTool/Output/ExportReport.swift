// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding

struct ExportReport: Report, Encodable {
  struct Buffer: Encodable {
    let summary: BufferSummary
    let part: ExportedBuffers.Part
    /// The CPU's access mode of the descriptor, as the kernel reports it.
    let access: String
    let source: String

    enum CodingKeys: String, CodingKey {
      case source, plane, index, stride, format, access, image
      case sizeImage = "sizeimage"
      case allocationTime = "allocation_ns"
    }

    func encode(to encoder: any Encoder) throws {
      try summary.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(source, forKey: .source)
      try container.encode(part.time, forKey: .allocationTime)
      try container.encode(part.plane, forKey: .plane)
      try container.encode(part.index, forKey: .index)
      try container.encode(part.stride, forKey: .stride)
      try container.encode("\(part.format)", forKey: .format)
      try container.encode(access, forKey: .access)
      try container.encode(part.size, forKey: .sizeImage)
      try container.encode(part.image.map(ImageDescription.init), forKey: .image)
    }
  }

  let schema = "dmabuf.export/1"
  let device: String
  let driver: UntrustedText
  let buffers: [Buffer]

  init(device: String, driver: UntrustedText, _ exported: ExportedBuffers, names: [HeldName]) throws {
    self.device = device
    self.driver = driver
    let summaries = try BufferSummary.all(exported.buffers, heldAs: names)
    let modes = exported.buffers.map { $0.accessMode.word }
    buffers = exported.parts.indices.map { index in
      Buffer(summary: summaries[index], part: exported.parts[index], access: modes[index], source: device)
    }
  }

  func text(style: Style) -> String {
    var table = Table(
      BufferSummary.columns + [
        .init("INDEX", .right), .init("PLANE", .right), .init("STRIDE", .right), .init("FORMAT"), .init("ACCESS"),
        .init("EXPORTED IN", .right),
      ])
    table.rows = buffers.map {
      $0.summary.cells + [
        "\($0.part.index)", "\($0.part.plane)", $0.part.stride.map { "\($0)" } ?? "-", "\($0.part.format)",
        $0.access, Units.time($0.part.time),
      ]
    }
    let first = buffers.first?.part
    let image = first?.image.map { [""] + ImageDescription($0).lines(style: style, needed: first?.size) } ?? []
    return (table.lines(style: style) + image).joined(separator: "\n")
  }
}

extension DMABuffer.AccessMode {
  /// The mode as reports print it.
  var word: String {
    switch self {
    case .readOnly: "read-only"
    case .writeOnly: "write-only"
    case .readWrite: "read-write"
    case .none: "none"
    }
  }
}

import DMABuf

/// What a device exported.
struct ExportReport: Report {
  struct Buffer: Encodable {
    let ino: UInt64
    let size: Int
    let exporter: UntrustedText
    @Nullable var name: String?
    let source: String
    let allocationTime: UInt64
    @Nullable var heldAs: String?
    let plane: Int
    let index: Int
    @Nullable var stride: Int?
    @Nullable var format: String?
    /// What the CPU may do through the descriptor, as the kernel has it.
    let access: String

    enum CodingKeys: String, CodingKey {
      case ino, size, name, source, plane, index, stride, format, access
      case exporter = "exp_name"
      case allocationTime = "allocation_ns"
      case heldAs = "held_as"
    }
  }

  let schema = "dmabuf.export/1"
  let device: String
  let driver: UntrustedText
  private(set) var buffers: [Buffer] = []

  init(device: String, driver: UntrustedText, _ exported: ExportedBuffers, names: [HeldName]) throws {
    self.device = device
    self.driver = driver
    for (position, part) in exported.parts.enumerated() {
      try exported.buffers.withBuffer(position) {
        let information = try $0.information()
        buffers.append(
          Buffer(
            ino: $0.inode, size: $0.size, exporter: information.exporter, name: information.name?.string,
            source: device, allocationTime: part.time, heldAs: position < names.count ? "\(names[position])" : nil,
            plane: part.plane, index: part.index,
            stride: part.stride, format: "\(part.format)", access: $0.accessMode.word))
      }
    }
  }

  func text(style: Style) -> String {
    var table = Table(
      .init("INO", .right), .init("SIZE", .right), .init("EXPORTER"), .init("NAME"), .init("INDEX", .right),
      .init("PLANE", .right), .init("STRIDE", .right), .init("FORMAT"), .init("ACCESS"),
      .init("EXPORTED IN", .right))
    table.rows = buffers.map {
      [
        "\($0.ino)", Units.size(UInt64($0.size)), $0.exporter.escaped,
        $0.name.map { UntrustedText($0.utf8).escaped } ?? "-", "\($0.index)", "\($0.plane)",
        $0.stride.map { "\($0)" } ?? "-", $0.format ?? "-", $0.access, Units.time($0.allocationTime),
      ]
    }
    return table.lines(style: style).joined(separator: "\n")
  }
}

extension DMABuffer.AccessMode {
  /// As JSON and people read it.
  var word: String {
    switch self {
    case .readOnly: "read-only"
    case .writeOnly: "write-only"
    case .readWrite: "read-write"
    case .none: "none"
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding

/// The properties that every command that allocates, sends or receives buffers reports.
struct BufferSummary: Encodable {
  let ino: UInt64
  let size: Int
  let exporter: UntrustedText
  @Nullable var name: UntrustedText?
  @Nullable var heldAs: String?

  enum CodingKeys: String, CodingKey {
    case ino, size, name
    case exporter = "exp_name"
    case heldAs = "held_as"
  }

  /// Reads the properties of the buffers. `names` are the names they are held under, or empty.
  static func all(_ buffers: Kept<DMABuffer>, heldAs names: [HeldName]) throws -> [BufferSummary] {
    var names = names[...]
    return try buffers.map {
      let information = try $0.information()
      return BufferSummary(
        ino: $0.inode, size: $0.size, exporter: information.exporter, name: information.name,
        heldAs: names.popFirst().map { "\($0)" })
    }
  }

  static let columns: [Table.Column] = [
    .init("INO", .right), .init("SIZE", .right), .init("EXPORTER"), .init("NAME"),
  ]

  var cells: [String] { ["\(ino)", Units.size(UInt64(size)), exporter.escaped, name?.escaped ?? "-"] }
}

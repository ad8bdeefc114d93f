import DMABuf
import FoundationEssentials

/// A census as its JSON document has it: what an earlier one is compared by.
struct StatSnapshot: Decodable {
  struct Buffer: Decodable {
    let ino: UInt64
    let size: UInt64?
    let exporter: String?
    let name: String?
    let processes: [Holder]

    enum CodingKeys: String, CodingKey {
      case ino, size, name, processes
      case exporter = "exp_name"
    }
  }

  struct Holder: Decodable {
    let pid: Int32
    let comm: String?
  }

  struct Process: Decodable {
    let pid: Int32
    let comm: String?
    let buffers: Int
    let bytes: UInt64
    let descriptors: Int
    let mappings: Int
    let syncFiles: Int

    enum CodingKeys: String, CodingKey {
      case pid, comm, buffers, bytes, descriptors, mappings
      case syncFiles = "sync_files"
    }
  }

  struct Totals: Decodable {
    let buffers: Int
    let bytes: UInt64
  }

  let schema: String
  let time: UInt64
  let buffers: [Buffer]
  let processes: [Process]
  let totals: Totals

  enum CodingKeys: String, CodingKey {
    case schema, buffers, processes, totals
    case time = "time_ns"
  }

  /// Reads a document, or the last one of many lines.
  init(parsing text: some Collection<UInt8>, from subject: String) throws {
    let line = Array(text).split(separator: UInt8(ascii: "\n")).last ?? []
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(line))
    } catch {
      throw Failure("\(subject) is no census", hint: "dmabuf stat --json writes them")
    }
    guard schema == "dmabuf.stat/1" else {
      throw Failure("\(subject) is a \(UntrustedText(schema.utf8).escaped), not a dmabuf.stat/1")
    }
  }

  init(_ report: StatReport) throws { try self.init(parsing: report.json().utf8, from: "this census") }
}

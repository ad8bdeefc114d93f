import DMABuf
import FoundationEssentials
import SystemPackage

/// A census as its JSON document has it: what an earlier one is compared by.
struct StatSnapshot: Decodable {
  struct Buffer: Codable {
    let ino: UInt64
    @Nullable var size: UInt64?
    @Nullable var exporter: String?
    @Nullable var name: String?
    let processes: [Holder]

    enum CodingKeys: String, CodingKey {
      case ino, size, name, processes
      case exporter = "exp_name"
    }
  }

  struct Holder: Codable {
    let pid: Int32
    @Nullable var comm: String?
  }

  /// What a process has; or, between two censuses, how much more it has than before.
  struct Process: Codable {
    let pid: Int32
    @Nullable var comm: String?
    let buffers: Int
    let bytes: Int64
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
  /// Documents of earlier versions have none.
  let boot: String?
  let buffers: [Buffer]
  let processes: [Process]
  let totals: Totals

  enum CodingKeys: String, CodingKey {
    case schema, buffers, processes, totals
    case time = "time_ns"
    case boot = "boot_id"
  }

  /// Reads a file that `--json` wrote.
  init(file path: String) throws {
    // A million buffers take less; a file that never ends must not take all memory.
    let limit = 1 << 29
    do {
      try self.init(parsing: SmallFile.read(path, limit: limit), from: path)
    } catch let error as KernelError where error.errno == .fileTooLarge {
      throw Failure("\(path) is no census: it is longer than 512 MiB")
    }
  }

  /// Reads a document, or the last one of many lines.
  init(parsing text: some BidirectionalCollection<UInt8>, from subject: String) throws {
    let newline = UInt8(ascii: "\n")
    let line = text.reversed().drop { $0 == newline }.prefix { $0 != newline }.reversed()
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(line))
    } catch {
      throw Failure("\(subject) is no census", hint: "dmabuf stat --json writes them")
    }
    guard schema == "dmabuf.stat/1" else {
      throw Failure("\(subject) is a \(UntrustedText(schema.utf8).escaped), not a dmabuf.stat/1")
    }
    guard hasPossibleCounts else { throw Failure("\(subject) is no census: it has counts that cannot be") }
  }

  /// Counts come from a file, and are added and subtracted.
  private var hasPossibleCounts: Bool {
    let possible = 0...(1 << 32)
    return possible.contains(totals.buffers)
      && processes.allSatisfy { process in
        process.bytes >= 0
          && [process.buffers, process.descriptors, process.mappings, process.syncFiles].allSatisfy(possible.contains)
      }
  }

  init(_ report: StatReport) {
    schema = report.schema
    time = report.time
    boot = report.boot
    buffers = report.buffers.map { buffer in
      Buffer(
        ino: buffer.ino, size: buffer.size, exporter: buffer.exporter?.string, name: buffer.name?.string,
        processes: buffer.processes.map { Holder(pid: $0.pid, comm: $0.comm?.string) })
    }
    processes = report.processes.map { process in
      Process(
        pid: process.pid, comm: process.comm?.string, buffers: process.buffers,
        bytes: Int64(clamping: process.bytes), descriptors: process.descriptors, mappings: process.mappings,
        syncFiles: process.syncFiles)
    }
    totals = Totals(buffers: report.totals.buffers, bytes: report.totals.bytes)
  }

  /// Descriptors of buffers, and sync_files.
  var descriptors: Int { processes.reduce(0) { $0 + $1.descriptors + $1.syncFiles } }

  /// Has the machine started anew since `earlier`?
  func isRestarted(since earlier: StatSnapshot) -> Bool {
    guard let boot, let old = earlier.boot else { return false }
    return boot != old
  }
}

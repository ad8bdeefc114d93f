import DMABuf

/// The census as `stat` shows it.
struct StatReport: Report {
  struct Source: Encodable {
    let name: String
    let used: Bool
    @Nullable var reason: String?
  }

  struct Buffer: Encodable {
    let ino: UInt64
    @Nullable var size: UInt64?
    @Nullable var exporter: UntrustedText?
    @Nullable var name: UntrustedText?
    @Nullable var count: UInt64?
    let descriptors: Int
    let mappings: Int
    let processes: [Holder]
    @Nullable var devices: [String]?
    @Nullable var fences: [String]?
    let sources: [String]

    enum CodingKeys: String, CodingKey {
      case ino, size, name, count, descriptors, mappings, processes, devices, fences, sources
      case exporter = "exp_name"
    }
  }

  struct Holder: Encodable {
    let pid: Int32
    @Nullable var comm: UntrustedText?
    let fds: [Int32]
    let mappings: Int
  }

  struct Process: Encodable {
    let pid: Int32
    @Nullable var comm: UntrustedText?
    var buffers = 0
    var bytes: UInt64 = 0
    var descriptors = 0
    var mappings = 0
  }

  struct Exporter: Encodable {
    @Nullable var exporter: UntrustedText?
    var buffers = 0
    var bytes: UInt64 = 0

    enum CodingKeys: String, CodingKey {
      case buffers, bytes
      case exporter = "exp_name"
    }
  }

  struct Totals: Encodable {
    let buffers: Int
    let bytes: UInt64
  }

  let schema = "dmabuf.stat/1"
  let sources: [Source]
  let unreadableProcesses: Int
  let buffers: [Buffer]
  /// Present when rows are asked for by process.
  let processes: [Process]?
  /// Present when rows are asked for by exporter.
  let exporters: [Exporter]?
  let totals: Totals

  enum CodingKeys: String, CodingKey {
    case schema, sources, buffers, processes, exporters, totals
    case unreadableProcesses = "unreadable_processes"
  }

  init(_ census: Census, only inodes: [UInt64]?, by grouping: Stat.Grouping) {
    sources = Census.Source.allCases.map {
      Source(
        name: $0.rawValue, used: census.used.contains($0), reason: census.failures[$0].map { "\($0)" })
    }
    unreadableProcesses = census.refused.count
    // The largest first: that is where the memory went.
    buffers = census.buffers
      .filter { inodes?.contains($0.inode) ?? true }
      .map { Buffer($0, commands: census.commands) }
      .sorted { ($0.size ?? 0, $1.ino) > ($1.size ?? 0, $0.ino) }
    processes = grouping == .process ? Self.processes(of: buffers) : nil
    exporters = grouping == .exporter ? Self.exporters(of: buffers) : nil
    totals = Totals(buffers: buffers.count, bytes: Self.sum(buffers))
  }

  private static func sum(_ buffers: [Buffer]) -> UInt64 {
    buffers.reduce(0) { $0.addingReportingOverflow($1.size ?? 0).partialValue }
  }

  private static func processes(of buffers: [Buffer]) -> [Process] {
    var processes: [Int32: Process] = [:]
    for buffer in buffers {
      for holder in buffer.processes {
        var process = processes[holder.pid] ?? Process(pid: holder.pid, comm: holder.comm)
        process.buffers += 1
        process.bytes &+= buffer.size ?? 0
        process.descriptors += holder.fds.count
        process.mappings += holder.mappings
        processes[holder.pid] = process
      }
    }
    return processes.values.sorted { ($0.bytes, $1.pid) > ($1.bytes, $0.pid) }
  }

  private static func exporters(of buffers: [Buffer]) -> [Exporter] {
    Dictionary(grouping: buffers, by: \.exporter)
      .map { Exporter(exporter: $0.key, buffers: $0.value.count, bytes: sum($0.value)) }
      .sorted { ($0.bytes, $1.name) > ($1.bytes, $0.name) }
  }
}

extension StatReport.Buffer {
  init(_ buffer: Census.Buffer, commands: [Int32: UntrustedText]) {
    self.init(
      ino: buffer.inode, size: buffer.size, exporter: buffer.exporter, name: buffer.name,
      count: buffer.count, descriptors: buffer.holders.reduce(0) { $0 + $1.descriptors.count },
      mappings: buffer.holders.reduce(0) { $0 + $1.mappings },
      processes: buffer.holders.map {
        StatReport.Holder(
          pid: $0.pid, comm: commands[$0.pid], fds: $0.descriptors, mappings: $0.mappings)
      },
      devices: nil, fences: nil, sources: buffer.sources.map(\.rawValue).sorted())
  }
}

extension StatReport.Exporter {
  var name: String { exporter?.escaped ?? "-" }
}

// MARK: Text

extension StatReport {
  func text(style: Style) -> String {
    let table: Table
    if let processes {
      table = processTable(processes)
    } else if let exporters {
      table = exporterTable(exporters)
    } else {
      table = bufferTable()
    }
    let total = "\(totals.buffers) buffer\(totals.buffers == 1 ? "" : "s"), \(Units.size(totals.bytes))"
    return ((table.rows.isEmpty ? [] : table.lines(style: style)) + [total]).joined(separator: "\n")
  }

  private func bufferTable() -> Table {
    var table = Table(
      .init("INO", .right), .init("SIZE", .right), .init("EXPORTER"), .init("NAME"), .init("COUNT", .right),
      .init("FDS", .right), .init("MAPS", .right), .init("PROCESSES"))
    table.rows = buffers.map { buffer in
      [
        "\(buffer.ino)", buffer.size.map(Units.size) ?? "?", buffer.exporter?.escaped ?? "?",
        buffer.name.map { $0.bytes.isEmpty ? "\"\"" : $0.escaped } ?? "-",
        buffer.count.map(String.init) ?? "?", "\(buffer.descriptors)", "\(buffer.mappings)",
        buffer.processes.map { "\($0.comm?.escaped ?? "?")(\($0.pid))" }.joined(separator: " "),
      ]
    }
    return table
  }

  private func processTable(_ processes: [Process]) -> Table {
    var table = Table(
      .init("PID", .right), .init("COMMAND"), .init("BUFFERS", .right), .init("SIZE", .right),
      .init("FDS", .right), .init("MAPS", .right))
    table.rows = processes.map {
      [
        "\($0.pid)", $0.comm?.escaped ?? "?", "\($0.buffers)", Units.size($0.bytes), "\($0.descriptors)",
        "\($0.mappings)",
      ]
    }
    return table
  }

  private func exporterTable(_ exporters: [Exporter]) -> Table {
    var table = Table(.init("EXPORTER"), .init("BUFFERS", .right), .init("SIZE", .right))
    table.rows = exporters.map { [$0.name, "\($0.buffers)", Units.size($0.bytes)] }
    return table
  }
}

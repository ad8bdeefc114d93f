// SPDX-License-Identifier: MIT
import DMABuf
import FoundationEssentials
import SystemPackage

/// A census decoded from its JSON document, for comparison with another one.
struct StatSnapshot: Decodable {
  struct Buffer: Codable {
    let ino: UInt64
    @Nullable var size: UInt64?
    @Nullable var exporter: String?
    @Nullable var name: String?
    /// Whether the buffer has a name; `nil` if unknown, and in documents of earlier versions.
    @Nullable var isNamed: Bool?
    let processes: [Holder]
    /// Whether these are all processes that hold the buffer; `nil` in documents of earlier versions.
    @Nullable var areHoldersKnown: Bool?

    enum CodingKeys: String, CodingKey {
      case ino, size, name, processes
      case isNamed = "named"
      case exporter = "exp_name"
      case areHoldersKnown = "holders_known"
    }
  }

  struct Holder: Codable {
    let pid: Int32
    @Nullable var comm: String?
  }

  /// The references of a process; or, between two censuses, their growth.
  struct Process: Codable {
    let pid: Int32
    @Nullable var comm: String?
    let buffers: Int
    let bytes: Int64
    let descriptors: Int
    let mappings: Int
    let syncFiles: Int
    /// The number of descriptors of syncobjs; `nil` in documents of earlier versions.
    @Nullable var syncObjects: Int?

    enum CodingKeys: String, CodingKey {
      case pid, comm, buffers, bytes, descriptors, mappings
      case syncFiles = "sync_files"
      case syncObjects = "syncobjs"
    }
  }

  struct Totals: Decodable {
    let buffers: Int
    let bytes: UInt64
    /// Buffers that no process holds; `nil` if unknown.
    var kernelHeld: Sum?
    /// The number of buffers that a filter could not decide.
    var undecided: Int?

    enum CodingKeys: String, CodingKey {
      case buffers, bytes, undecided
      case kernelHeld = "kernel_held"
    }
  }

  struct Sum: Decodable {
    let buffers: Int
  }

  let schema: String
  let time: UInt64
  /// The id of the boot; `nil` in documents of earlier versions.
  let boot: String?
  let buffers: [Buffer]
  let processes: [Process]
  let totals: Totals
  var unreadableProcesses: Int?
  var areHoldersKnown: Bool?
  /// The minimum of several samples; `nil` for a single census.
  private var least: LeakCounts?

  enum CodingKeys: String, CodingKey {
    case schema, buffers, processes, totals
    case unreadableProcesses = "unreadable_processes"
    case areHoldersKnown = "holders_known"
    case time = "time_ns"
    case boot = "boot_id"
  }

  /// Reads a file that `--json` wrote.
  init(file path: String) throws {
    // A million buffers need less. A file that never ends must not use up the memory.
    let limit = 1 << 29
    do {
      try self.init(parsing: SmallFile.read(path, limit: limit), from: path)
    } catch let error as FormatError where error.reason == .tooLong {
      throw Failure("cannot compare \(path): it is longer than 512 MiB")
    }
  }

  /// Parses a document, or the last one of several lines.
  init(parsing text: some BidirectionalCollection<UInt8>, from subject: String) throws {
    let newline = UInt8(ascii: "\n")
    let line = text.reversed().drop { $0 == newline }.prefix { $0 != newline }.reversed()
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(line))
    } catch {
      throw Failure("cannot compare \(subject): it is not a census", hint: "use dmabuf stat --json to save a census")
    }
    guard schema == "dmabuf.stat/1" else {
      throw Failure("\(subject) is a \(UntrustedText(schema.utf8).escaped), not a dmabuf.stat/1")
    }
    guard hasPossibleCounts else { throw Failure("cannot compare \(subject): its counts are impossible") }
  }

  /// The counts come from a file, so adding and subtracting them must not overflow.
  private var hasPossibleCounts: Bool {
    let possible = 0...(1 << 32)
    return possible.contains(totals.buffers) && possible.contains(totals.kernelHeld?.buffers ?? 0)
      && processes.allSatisfy { process in
        process.bytes >= 0
          && [
            process.buffers, process.descriptors, process.mappings, process.syncFiles, process.syncObjects ?? 0,
          ].allSatisfy(possible.contains)
      }
  }

  init(_ report: StatReport) {
    schema = report.schema
    time = report.time
    boot = report.boot
    buffers = report.buffers.map { buffer in
      Buffer(
        ino: buffer.ino, size: buffer.size, exporter: buffer.exporter?.string, name: buffer.name?.string,
        isNamed: buffer.isNamed, processes: buffer.processes.map { Holder(pid: $0.pid, comm: $0.comm?.string) },
        areHoldersKnown: buffer.areHoldersKnown)
    }
    processes = report.processes.map { process in
      Process(
        pid: process.pid, comm: process.comm?.string, buffers: process.buffers,
        bytes: Int64(clamping: process.bytes), descriptors: process.descriptors, mappings: process.mappings,
        syncFiles: process.syncFiles, syncObjects: process.syncObjects)
    }
    totals = Totals(
      buffers: report.totals.buffers, bytes: report.totals.bytes,
      kernelHeld: report.totals.kernelHeld.map { Sum(buffers: $0.buffers) },
      undecided: report.totals.undecided.buffers)
    unreadableProcesses = report.unreadableProcesses
    areHoldersKnown = report.areHoldersKnown
  }

  /// The number of descriptors of buffers, and of sync_files.
  var descriptors: Int { Int((counts[.descriptors] ?? 0) + (counts[.syncFiles] ?? 0)) }

  var counts: LeakCounts {
    if let least { return least }
    var counts = LeakCounts()
    let sum = { (count: KeyPath<Process, Int>) in processes.reduce(0) { $0 + Int64($1[keyPath: count]) } }
    counts[.bytes] = Int64(clamping: totals.bytes)
    counts[.descriptors] = sum(\.descriptors)
    counts[.mappings] = sum(\.mappings)
    counts[.syncFiles] = sum(\.syncFiles)
    if processes.allSatisfy({ $0.syncObjects != nil }) {
      counts[.syncObjects] = processes.reduce(0) { $0 + Int64($1.syncObjects ?? 0) }
    }
    counts[.kernelHeld] = totals.kernelHeld.map { Int64($0.buffers) }
    return counts
  }

  /// The minimum of this sample and a later one, in total and for each process. The buffers are those of the later
  /// sample.
  func floor(with later: StatSnapshot) -> StatSnapshot {
    let before = Dictionary(processes.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
    let both = later.processes.compactMap { now in
      before[now.pid].flatMap { $0.comm == now.comm ? $0.least(now) : nil }
    }
    var floor = StatSnapshot(
      schema: schema, time: later.time, boot: later.boot, buffers: later.buffers, processes: both,
      totals: Totals(
        buffers: min(totals.buffers, later.totals.buffers), bytes: min(totals.bytes, later.totals.bytes),
        kernelHeld: later.totals.kernelHeld, undecided: max(totals.undecided ?? 0, later.totals.undecided ?? 0)))
    floor.least = counts.least(later.counts)
    return floor
  }

  private init(
    schema: String, time: UInt64, boot: String?, buffers: [Buffer], processes: [Process], totals: Totals
  ) {
    self.schema = schema
    self.time = time
    self.boot = boot
    self.buffers = buffers
    self.processes = processes
    self.totals = totals
  }

  /// Whether the machine was rebooted since `earlier`.
  func isRestarted(since earlier: StatSnapshot) -> Bool {
    guard let boot, let old = earlier.boot else { return false }
    return boot != old
  }
}

extension StatSnapshot.Process {
  fileprivate func least(_ other: StatSnapshot.Process) -> StatSnapshot.Process {
    StatSnapshot.Process(
      pid: pid, comm: comm, buffers: min(buffers, other.buffers), bytes: min(bytes, other.bytes),
      descriptors: min(descriptors, other.descriptors), mappings: min(mappings, other.mappings),
      syncFiles: min(syncFiles, other.syncFiles),
      syncObjects: syncObjects.flatMap { own in other.syncObjects.map { min(own, $0) } })
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufTrace

/// The steps that `dmabuf trace` reports.
struct TraceFilterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Report only steps of process PID. Can be repeated.", valueName: "PID"))
  var pid: [Int32] = []

  @Option(help: ArgumentHelp("Report only the buffer with inode number INO. Can be repeated.", valueName: "INO"))
  var ino: [UInt64] = []

  @Option(help: ArgumentHelp("Report only buffers of this exporter.", valueName: "NAME"))
  var exporter: String?

  @Option(help: ArgumentHelp("Report only buffers whose name matches PATTERN (*, ?, [...]).", valueName: "PATTERN"))
  var name: String?

  @Option(help: ArgumentHelp("Report only steps of devices that match PATTERN.", valueName: "PATTERN"))
  var device: String?

  func validate() throws {
    if let pid = pid.first(where: { $0 < 1 }) {
      throw ValidationError("The value '\(pid)' is invalid for '--pid <PID>': process ids are above 0")
    }
  }

  private var choosesBuffers: Bool { !ino.isEmpty || exporter != nil || name != nil }

  func includes(_ event: TraceEvent) -> Bool {
    (pid.isEmpty || pid.contains(event.process.pid)) && includes(event.buffer)
      && (device.map { pattern in event.device.map { Glob.matches($0.string, pattern) } ?? false } ?? true)
  }

  func includes(_ stall: Stall) -> Bool {
    (pid.isEmpty || pid.contains(stall.process.pid)) && includes(stall.buffer) && device == nil
  }

  func includes(_ buffer: TraceEvent.Buffer?) -> Bool {
    guard let buffer else { return !choosesBuffers }
    return (ino.isEmpty || ino.contains(buffer.inode))
      && (exporter.map { $0 == buffer.exporter.string } ?? true)
      && (name.map { pattern in buffer.name.map { Glob.matches($0.string, pattern) } ?? false } ?? true)
  }
}

/// The waits that `dmabuf trace` reports.
struct TraceStallOptions: ParsableArguments {
  @Flag(help: "Report only waits for fences, one line for each.")
  var stalls = false

  @Option(
    help: ArgumentHelp("Report only waits of at least DURATION (16ms). Needs --stalls.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var slower: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Exit with 1 if a wait was longer than DURATION (33ms). Needs --stalls.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var failIfSlower: TimeSpan?

  func validate() throws {
    guard stalls || slower == nil && failIfSlower == nil else {
      throw ValidationError("--slower and --fail-if-slower need --stalls")
    }
  }
}

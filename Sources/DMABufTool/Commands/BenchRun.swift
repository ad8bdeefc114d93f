// SPDX-License-Identifier: MIT
import DMABuf
import DMABufBench
import DMABufConformance
import DMABufHost
import SystemPackage

/// The results of `bench` so far, and the skipped measurements.
struct BenchRun {
  struct Result {
    let measurement: Measurement
    let benchmark: Benchmark
    let device: Node?
    var bandwidth: Bandwidth?
  }

  struct Skip {
    let operation: TimedOperation
    let benchmark: Benchmark
    let device: Node?
    let reason: String
  }

  /// A device that could be opened.
  struct Node {
    let path: String
    let driver: UntrustedText
    let subsystem: DeviceSubsystem
  }

  let kernel = SmallFile.text("/proc/sys/kernel/osrelease") ?? "\(KernelVersion.running)"
  let operations: Set<TimedOperation>
  let fences: FenceSource
  /// The devices that the user named; empty to choose among the devices of the machine.
  let devices: [Device]
  private(set) var results: [Result] = []
  private(set) var skipped: [Skip] = []
  private(set) var refusals: [any Error] = []
  private let progress = Progress(after: 0)

  init(operations: Set<TimedOperation>, fences: FenceSource, devices: [Device]) {
    self.operations = operations
    self.fences = fences
    self.devices = devices
  }

  /// Runs all requested measurements for one source and size.
  mutating func measure(_ benchmark: Benchmark) throws {
    if let reason = Self.reasonToSkip(benchmark) {
      for operation in TimedOperation.allCases where operations.contains(operation) {
        skipped.append(Skip(operation: operation, benchmark: benchmark, device: nil, reason: reason))
      }
      return
    }
    try attempt([.allocate, .free], benchmark) { try benchmark.allocation() }
    try attempt([.map, .touch], benchmark) { try benchmark.mapping() }
    try attempt([.read, .write], benchmark) { try benchmark.bandwidth() }
    try attempt([.synchronize], benchmark) { try benchmark.synchronization() }
    try attempt([.send, .receive], benchmark) { try benchmark.passing() }
    let fences = fences
    try attempt([.wake], benchmark) { try benchmark.waking(by: fences) }
    try importing(benchmark)
    try queueing(benchmark)
  }

  private mutating func importing(_ benchmark: Benchmark) throws {
    let wanted: [TimedOperation] = [.importing, .release]
    let nodes =
      devices.isEmpty
      ? DRMNode.onePerDriver().map(FoundNode.init) : devices.filter { $0.subsystem == .drm }.map(\.node)
    if nodes.isEmpty, devices.isEmpty { skip(wanted, benchmark, reason: "no DRM device") }
    for found in nodes {
      do {
        let node = try DRMNode(found)
        let device = Node(path: node.path, driver: node.driver, subsystem: .drm)
        try attempt(wanted, benchmark, device) { try benchmark.importing(into: node) }
      } catch let error as KernelError {
        try note(error, wanted, benchmark)
      }
    }
  }

  /// A running camera lights its indicator, so without --device only the test driver is used.
  private mutating func queueing(_ benchmark: Benchmark) throws {
    let wanted: [TimedOperation] = [.queue, .dequeue]
    guard !operations.isDisjoint(with: wanted) else { return }
    var nodes = devices.filter { $0.subsystem == .v4l2 }.map(\.node)
    if devices.isEmpty {
      nodes = try V4L2Node.firstTestCamera().map { [FoundNode($0)] } ?? []
      if nodes.isEmpty {
        skip(wanted, benchmark, reason: "no test camera (vivid); use --device DEVICE to measure another one")
      }
    }
    for found in nodes {
      do {
        let node = try V4L2Node(found)
        let device = Node(path: node.path, driver: node.driver, subsystem: .v4l2)
        try attempt(wanted, benchmark, device) { try benchmark.queueing(on: node) }
      } catch let error as KernelError {
        try note(error, wanted, benchmark)
      }
    }
  }

  private mutating func attempt(
    _ wanted: [TimedOperation], _ benchmark: Benchmark, _ device: Node? = nil, _ body: () throws -> [Measurement]
  ) throws {
    guard !operations.isDisjoint(with: wanted) else { return }
    let names = wanted.map(\.rawValue).joined(separator: ", ")
    progress.show("\(benchmark.source), \(Units.size(UInt64(benchmark.size))): \(names)")
    defer { progress.finish() }
    do {
      for measurement in try body() where operations.contains(measurement.operation) {
        results.append(Result(measurement: measurement, benchmark: benchmark, device: device))
      }
    } catch {
      try note(error, wanted, benchmark, device)
    }
  }

  private mutating func attempt(_ wanted: [TimedOperation], _ benchmark: Benchmark, _ body: () throws -> Bandwidth)
    throws
  {
    var bandwidth: Bandwidth?
    let before = results.count
    try attempt(wanted, benchmark) {
      let found = try body()
      bandwidth = found
      return found.measurements
    }
    for index in results.indices.dropFirst(before) { results[index].bandwidth = bandwidth }
  }

  /// An error skips the measurement; an interruption ends the run.
  private mutating func note(
    _ error: any Error, _ wanted: [TimedOperation], _ benchmark: Benchmark, _ device: Node? = nil
  ) throws {
    try Interruption.check()
    switch error {
    case is KernelError, is TimedOut, is StreamEnded, is NoDriver, is NoCMAHeap:
      refusals.append(error)
      skip(wanted, benchmark, device, reason: "\(error)")
    case let error as NoSuchDevice: skip(wanted, benchmark, device, reason: "\(error.subject): no such device")
    default: skip(wanted, benchmark, device, reason: "\(error)")
    }
  }

  private mutating func skip(
    _ wanted: [TimedOperation], _ benchmark: Benchmark, _ device: Node? = nil, reason: String
  ) {
    for operation in wanted where operations.contains(operation) {
      skipped.append(Skip(operation: operation, benchmark: benchmark, device: device, reason: reason))
    }
  }

  /// The kernel does not compare sizes with the available memory. A measurement needs at most twice the size.
  private static func reasonToSkip(_ benchmark: Benchmark) -> String? {
    let size = UInt64(benchmark.size)
    if case .udmabuf = benchmark.source, let limit = UDMABuf.sizeLimit(), size > limit {
      return "over the limit of \(Units.size(limit)), set in \(UDMABuf.sizeLimitFile)"
    }
    if let available = benchmark.source.available(), size > available {
      return "more than the \(Units.size(available)) that are available"
    }
    if let available = MemoryInformation().available, size > available / 2 {
      return "more than half of the \(Units.size(available)) that are available"
    }
    return nil
  }
}

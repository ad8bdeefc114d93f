// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufBench
import DMABufHost
import SystemPackage

/// `dmabuf bench`: measures the cost of allocating, mapping, passing and using buffers.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the cost of allocating, mapping, passing and using buffers.",
    usage: "dmabuf bench [<OPERATION> ...] [<options>]",
    discussion: """
      The operations are \(TimedOperation.allCases.map(\.rawValue).joined(separator: ", ")). Without any, all are \
      measured. Each iteration is timed by itself. An operation that this machine lacks is skipped, with a reason. \
      The exit status is 77 if nothing could be measured.

      EXAMPLES
        dmabuf bench                                     # measure everything
        dmabuf bench alloc free --source all --size 4K,1M
        dmabuf bench read write --source drm:vgem --cpu 1
        dmabuf bench --json >before                      # save a run
        dmabuf bench --compare before                    # compare with it
      """)

  @Argument(
    help: ArgumentHelp("Operations to measure. Default: all.", valueName: "OPERATION"),
    completion: .list(operationNames),
    transform: TimedOperation.init(argument:))
  var operations: [TimedOperation] = []

  @Option(
    help: ArgumentHelp(
      "Measure buffers of SOURCE: a source of dmabuf alloc, or all. Can be repeated. Default: the first that works.",
      valueName: "SOURCE"),
    transform: BenchSource.init)
  var source: [BenchSource] = []

  @Option(
    help: ArgumentHelp(
      "Measure imports and queues of DEVICE: a path, drm:NAME or v4l2:NAME. Can be repeated.",
      valueName: "DEVICE"),
    completion: Completion.devices, transform: DeviceReference.init)
  var device: [DeviceReference] = []

  @Option(
    help: ArgumentHelp("Measure buffers of each SIZE (64K,1M). Default: 8M.", valueName: "SIZE,..."),
    transform: BenchSizes.init)
  var size = BenchSizes([8 << 20])

  @Option(help: ArgumentHelp("Run N measured iterations of each operation.", valueName: "N"))
  var count: Int?

  @Option(
    help: ArgumentHelp("Repeat each operation for DURATION (200ms, 2s). Default: 200ms.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var duration: TimeSpan?

  @Option(help: ArgumentHelp("Run N warm-up iterations that are not measured.", valueName: "N"))
  var warmUp = 5

  @Option(help: ArgumentHelp("Run all threads on processor N. Default: any processor.", valueName: "N"))
  var cpu: Int?

  @Flag(help: "Use fences of sw_sync for wake, instead of vgem. Needs root; taints Linux 7 and later.")
  var swSync = false

  @Option(
    help: ArgumentHelp("Compare with an earlier run saved by bench --json.", valueName: "FILE"), completion: .file())
  var compare: String?

  @Option(
    help: ArgumentHelp("Fail if an operation is slower by more than PERCENT. Needs --compare.", valueName: "PERCENT"))
  var failIfSlower: Int?

  @Flag(help: "Print comma-separated values (CSV).")
  var csv = false

  @Flag(help: .json) var json = false

  private static let operationNames = TimedOperation.allCases.map(\.rawValue)

  func validate() throws {
    try ValidationError.check(count, of: "--count <N>", in: 1...Repetition.most)
    try ValidationError.check(warmUp, of: "--warm-up <N>", in: 0...Repetition.most)
    try ValidationError.check(cpu, of: "--cpu <N>", in: 0...Processor.highestNumber)
    if count != nil, duration != nil { throw ValidationError("--count and --duration exclude each other") }
    if csv, json { throw ValidationError("--csv and --json exclude each other") }
    if csv, compare != nil { throw ValidationError("--csv cannot report a comparison; use --json with --compare") }
    try ValidationError.check(failIfSlower, of: "--fail-if-slower <PERCENT>", in: 0...1_000_000)
    if failIfSlower != nil, compare == nil { throw ValidationError("--fail-if-slower needs --compare") }
  }

  func run() throws {
    let earlier = try compare.map { try BenchSnapshot(parsing: SmallFile.read($0, limit: 64 << 20), from: $0) }
    if let cpu { try stay(on: cpu) }
    let repetition = Repetition(
      count.map { .count($0) } ?? .duration(duration?.duration ?? .milliseconds(200)), warmUp: warmUp)
    var run = BenchRun(
      operations: operations.isEmpty ? Set(TimedOperation.allCases) : Set(operations),
      fences: swSync ? .swSync : .vgem, devices: try device.map { try $0.resolve(primary: false) })
    for source in try sources() {
      for size in size.all { try run.measure(Benchmark(source: source, size: size, repetition: repetition)) }
    }

    var report = BenchReport(run, repetition: repetition, cpu: cpu)
    report.comparison = earlier.map { BenchComparison(from: $0, to: report) }
    if csv {
      try StandardStream.output.write(report.csv())
    } else {
      try report.print(asJSON: json)
    }
    try conclude(run, report)
  }

  private func conclude(_ run: BenchRun, _ report: BenchReport) throws {
    if report.results.isEmpty {
      let isMissing = run.refusals.allSatisfy { Advice.status(for: $0) == .missing }
      throw Failure(
        "nothing could be measured on this machine", hint: "dmabuf doctor lists what is missing",
        status: isMissing ? .missing : .failed)
    }
    guard let failIfSlower, let comparison = report.comparison else { return }
    let slower = comparison.rows.filter { $0.isSlower(by: failIfSlower) }
    guard let first = slower.first else { return }
    throw Failure(
      "\(first.operation) is slower by more than \(failIfSlower) %"
        + (slower.count > 1 ? ", and \(slower.count - 1) more" : ""))
  }

  private func stay(on cpu: Int) throws {
    do {
      try Processor.stay(on: cpu)
    } catch {
      throw Failure(
        "\(error)", hint: Processor.allowed.map { "this process may run on processors \($0)" },
        status: error.errno == .invalidArgument ? .missing : .failed)
    }
  }

  /// The sources that the user named, otherwise the first source that can allocate a buffer.
  private func sources() throws -> [BufferSource] {
    var chosen: [BufferSource] = []
    for word in source {
      switch word {
      case .one(let source): chosen.append(source)
      case .all: chosen += BufferSource.present()
      }
    }
    var seen: Set<BufferSource> = []
    chosen = chosen.filter { seen.insert($0).inserted }
    if !source.isEmpty, chosen.isEmpty { throw Failure.noSource([]) }
    if !source.isEmpty { return chosen }

    var refusals: [KernelError] = []
    for source in BufferSource.present() {
      do {
        _ = try source.allocate(1, readOnly: false)
        return [source]
      } catch let error as KernelError {
        try Interruption.check()
        refusals.append(error)
      }
    }
    throw Failure.noSource(refusals)
  }
}

/// The value of `--source`: one source, or all sources of the machine.
enum BenchSource {
  case one(BufferSource)
  case all

  init(_ text: String) throws {
    if text == "all" {
      self = .all
    } else {
      guard let source = BufferSource(text) else {
        throw ValidationError(
          "sources are all, heap:NAME, heap:cma, udmabuf, udmabuf:2M, udmabuf:1G and drm:NODE")
      }
      self = .one(source)
    }
  }
}

/// The value of `--size`: sizes separated by commas.
struct BenchSizes {
  let all: [Int]

  init(_ all: [Int]) { self.all = all }

  init(_ text: String) throws {
    all = try text.split(scalar: ",", omittingEmptySubsequences: false).map { try ByteSize(String($0)).bytes }
  }
}

extension BenchSizes: CustomStringConvertible {
  var description: String { all.map { Units.size(UInt64($0)) }.joined(separator: ",") }
}

extension TimedOperation {
  init(argument text: String) throws {
    guard let operation = TimedOperation(rawValue: text) else {
      throw ValidationError("operations are \(TimedOperation.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = operation
  }
}

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
        dmabuf bench alloc free --from all --size 4K,1M  # small and large
        dmabuf bench read write --from drm:vgem --cpu 1  # is reading slow?
        dmabuf bench --json >before                      # save a run
        dmabuf bench --compare before                    # compare with it
      """)

  @Argument(
    help: ArgumentHelp("Operations to measure. Default: all.", valueName: "OPERATION"),
    completion: .list(operationNames),
    transform: TimedOperation.init(argument:))
  var operations: [TimedOperation] = []

  @OptionGroup(title: "WHAT IS MEASURED") var subject: BenchSubjectOptions
  @OptionGroup(title: "HOW IT IS MEASURED") var repeating: BenchRepetitionOptions
  @OptionGroup(title: "COMPARISON") var comparison: BenchComparisonOptions

  @Flag(help: "Print comma-separated values (CSV).")
  var csv = false

  @Flag(help: .json) var json = false

  private static let operationNames = TimedOperation.allCases.map(\.rawValue)

  func validate() throws {
    if csv, json { throw ValidationError("--csv and --json exclude each other") }
    if csv, comparison.compare != nil {
      throw ValidationError("--csv cannot report a comparison; use --json with --compare")
    }
  }

  func run() throws {
    let earlier = try comparison.compare.map {
      try BenchSnapshot(parsing: SmallFile.read($0, limit: 64 << 20), from: $0)
    }
    if let cpu = repeating.cpu { try stay(on: cpu) }
    let repetition = repeating.repetition
    var run = BenchRun(
      operations: operations.isEmpty ? Set(TimedOperation.allCases) : Set(operations),
      fences: subject.swSync ? .swSync : .vgem, devices: try subject.device.map { try $0.resolve(primary: false) })
    for source in try sources() {
      for size in subject.size.all { try run.measure(Benchmark(source: source, size: size, repetition: repetition)) }
    }

    var report = BenchReport(run, repetition: repetition, cpu: repeating.cpu)
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
    guard let failIfSlower = comparison.failIfSlower, let comparison = report.comparison else { return }
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
    for word in subject.source {
      switch word {
      case .one(let source): chosen.append(source)
      case .all: chosen += BufferSource.present()
      }
    }
    var seen: Set<BufferSource> = []
    chosen = chosen.filter { seen.insert($0).inserted }
    if !subject.source.isEmpty, chosen.isEmpty { throw Failure.noSource([]) }
    if !subject.source.isEmpty { return chosen }

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

extension TimedOperation {
  init(argument text: String) throws {
    guard let operation = TimedOperation(rawValue: text) else {
      throw ValidationError("operations are \(TimedOperation.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = operation
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufBench
import DMABufHost

/// What `dmabuf bench` measures.
struct BenchSubjectOptions: ParsableArguments {
  @Option(
    name: [.customLong("from"), .customLong("source")],
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

  @Flag(help: "Use fences of sw_sync for wake, instead of vgem. Needs root; taints Linux 7 and later.")
  var swSync = false
}

/// How often `dmabuf bench` runs an operation, and where.
struct BenchRepetitionOptions: ParsableArguments {
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

  var repetition: Repetition {
    Repetition(count.map { .count($0) } ?? .duration(duration?.duration ?? .milliseconds(200)), warmUp: warmUp)
  }

  func validate() throws {
    try ValidationError.check(count, of: "--count <N>", in: 1...Repetition.most)
    try ValidationError.check(warmUp, of: "--warm-up <N>", in: 0...Repetition.most)
    try ValidationError.check(cpu, of: "--cpu <N>", in: 0...Processor.highestNumber)
    if count != nil, duration != nil { throw ValidationError("--count and --duration exclude each other") }
  }
}

/// The earlier run that `dmabuf bench` compares with.
struct BenchComparisonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Compare with an earlier run saved by bench --json.", valueName: "FILE"), completion: .file())
  var compare: String?

  @Option(
    help: ArgumentHelp("Fail if an operation is slower by more than PERCENT. Needs --compare.", valueName: "PERCENT"))
  var failIfSlower: Int?

  func validate() throws {
    try ValidationError.check(failIfSlower, of: "--fail-if-slower <PERCENT>", in: 0...1_000_000)
    if failIfSlower != nil, compare == nil { throw ValidationError("--fail-if-slower needs --compare") }
  }
}

/// The value of `--from`: one source, or all of this machine.
enum BenchSource {
  case one(BufferSource)
  case all

  init(_ text: String) throws {
    if text == "all" {
      self = .all
    } else {
      guard let source = BufferSource(text) else {
        throw ValidationError(
          "sources are all, heap:NAME, heap:cma, udmabuf, udmabuf:PAGESIZE and drm:NODE")
      }
      self = .one(source)
    }
  }
}

/// The value of `--size`: sizes, separated by commas.
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

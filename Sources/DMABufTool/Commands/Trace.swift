// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHost
import DMABufTrace
import SystemPackage

/// `dmabuf trace`: reports the steps of buffers and fences as they happen.
struct Trace: CommandRunner {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Watch the steps of buffers and fences, and which process waits for which.",
    usage: "dmabuf trace [<options>] [-- <COMMAND> ...]",
    discussion: """
      Prints one line for each step until ^C. Needs root, and a kernel with BTF for more than fences. With a command \
      after --, reports only the steps of the command and its children. The exit status is then that of the command.

      EXAMPLES
        dmabuf trace                                           # everything
        dmabuf trace --pid 4711 --ino 7                        # one buffer
        dmabuf trace -- my-program                             # one program
        dmabuf trace --stalls --slower 16ms                    # who waits?
        dmabuf trace --stalls --fail-if-slower 33ms --for 30s  # for CI
        dmabuf trace --summary --for 10s                       # what was it?
      """)

  @OptionGroup(title: "FILTERS") var filter: TraceFilterOptions
  @OptionGroup(title: "WAITS") var waits: TraceStallOptions

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("End after DURATION (500ms, 10s, 1m). Default: until ^C.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var period: TimeSpan?

  @Flag(help: "Print only a summary: counts, and waits with percentiles.")
  var summary = false

  @Option(
    help: ArgumentHelp(
      "Write the trace to FILE for Perfetto and chrome://tracing; - is standard output.", valueName: "FILE"),
    completion: .file())
  var perfetto: String?

  @Flag(help: "Print only buffers exported in this time that are still alive, and where they were exported.")
  var leaks = false

  @Flag(help: "Print the time of day (UTC) instead of seconds since boot.")
  var utc = false

  @Option(
    help: ArgumentHelp("Use a ring buffer of SIZE in the kernel (1M, 64M). Default: 8M.", valueName: "SIZE"))
  var buffer: ByteSize?

  @Flag(help: .json) var json = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run and trace, with its children.", valueName: "COMMAND"))
  var command: [String] = []

  enum CodingKeys: CodingKey { case filter, waits, period, summary, perfetto, leaks, utc, buffer, json, command }

  /// Whether each step is a line of its own, not part of a report at the end.
  var printsLines: Bool { !summary && !leaks && perfetto == nil }

  func validate() throws {
    let outputs = [
      ("--stalls", waits.stalls), ("--summary", summary), ("--perfetto", perfetto != nil), ("--leaks", leaks),
    ]
    let chosen = outputs.filter(\.1).map(\.0)
    if chosen.count > 1 { throw ValidationError("\(chosen[0]) and \(chosen[1]) exclude each other") }
    if leaks, filter.device != nil { throw ValidationError("--leaks and --device exclude each other") }
    if perfetto != nil, json { throw ValidationError("--perfetto and --json exclude each other") }
    if let buffer, buffer.bytes > 1 << 30 { throw ValidationError("--buffer <SIZE>: it must be at most 1G") }
  }

  func run() throws {
    guard command.isEmpty else { return try runCommand() }
    let tracer = try source()
    var session = TraceSession(self, of: nil)
    try session.begin(tracer)
    let deadline = period?.deadline
    while Interruption.signal == nil, deadline?.isPast != true { try session.report(tracer) }
    try session.end(tracer)
  }

  private func runCommand() throws {
    let child = try CompanionProcess(command) { error in
      Diagnostics.say("\(error)", hint: nil)
      return (error as? KernelError)?.errno == .noSuchFileOrDirectory ? 127 : 126
    }
    let tracer = try source(forks: true)
    var session = TraceSession(self, of: child.pid)
    try session.begin(tracer)
    child.start()
    let deadline = period?.deadline
    var isEnding = false
    var status: CInt?
    while status == nil, deadline?.isPast != true {
      try session.report(tracer)
      status = child.exitStatus()
      if !isEnding, let signal = Interruption.signal {
        try session.endLeaks(tracer)
        child.end(by: signal)
        isEnding = true
      }
    }
    try session.report(tracer)
    // When a command ends, its waits end, and its buffers are released.
    let result = Result { try session.end(tracer) }
    if status == nil { child.end(by: nil) }
    status = status ?? child.wait()
    try result.get()
    throw CommandEnded(status: status ?? 1)
  }
}

/// The state of one trace: what is printed, counted and followed.
struct TraceSession {
  private let options: Trace
  /// The processes whose steps are reported; `nil` for all.
  private var family: Set<Int32>?
  private var summary = TraceSummary()
  private var longest: Stall?
  private var perfetto: TracePerfetto?
  private var failure: (any Error)?
  private var leaks: TraceLeakSession?
  /// What to add to CLOCK_MONOTONIC for the time of day.
  private let utcOffset = Clock.realTime - min(Clock.realTime, Clock.now)

  init(_ options: Trace, of root: Int32?) {
    self.options = options
    family = root.map { [$0] }
    leaks = options.leaks ? TraceLeakSession(options.filter) : nil
  }

  mutating func begin(_ tracer: any TraceSource) throws {
    perfetto = try options.perfetto.map { try TracePerfetto($0) }
    if !tracer.missing.isEmpty {
      Diagnostics.say(
        "this kernel cannot be traced at \(tracer.missing.joined(separator: ", ")): their steps are missing",
        hint: nil)
    }
    if StandardStream.error.isTerminal, options.period == nil, options.command.isEmpty {
      Diagnostics.say("tracing; end with ^C", hint: nil)
    }
  }

  /// Reports what happens in the next moment.
  mutating func report(_ tracer: any TraceSource) throws {
    var text = ""
    for record in try tracer.next() {
      switch record {
      case .event(let event): text += lines(for: event)
      case .stall(let stall): text += lines(for: stall)
      }
    }
    leaks?.endMoment()
    if !text.isEmpty { try StandardStream.output.write(text) }
    try perfetto?.write()
    if let failure { throw failure }
  }

  private mutating func lines(for event: TraceEvent) -> String {
    if event.step == .fork {
      if family?.contains(event.process.pid) == true { family?.insert(Int32(truncatingIfNeeded: event.value ?? 0)) }
      return ""
    }
    let isOfFamily = family?.contains(event.process.pid) ?? true
    let isReported = isOfFamily && options.filter.includes(event)
    leaks?.add(event, isOfFamily: isOfFamily)
    perfetto?.add(event, isReported: isReported)
    guard isReported else { return "" }
    if options.summary { summary.add(event) }
    if options.waits.stalls || !options.printsLines { return "" }
    return line(TraceLine(event))
  }

  private mutating func lines(for stall: Stall) -> String {
    guard family?.contains(stall.process.pid) ?? true, options.filter.includes(stall) else { return "" }
    if options.summary { summary.add(stall) }
    perfetto?.add(stall)
    guard options.waits.stalls else { return "" }
    if stall.duration > longest?.duration ?? 0 { longest = stall }
    return text(of: stall)
  }

  private mutating func text(of stall: Stall) -> String {
    guard stall.duration >= options.waits.slower?.nanoseconds ?? 0 else { return "" }
    return line(TraceLine(stall))
  }

  private mutating func line(_ line: TraceLine) -> String {
    var line = line
    if options.utc { line.utc = TimeOfDay.utc(line.time + utcOffset) }
    guard options.json else { return line.text + "\n" }
    do {
      return try line.json() + "\n"
    } catch {
      failure = error
      return ""
    }
  }

  /// Ends the time of `--leaks`: a command that is to end will release its buffers.
  mutating func endLeaks(_ tracer: any TraceSource) throws {
    try report(tracer)
    leaks?.end(tracer)
  }

  mutating func end(_ tracer: any TraceSource) throws {
    leaks?.end(tracer)
    try leaks?.print(asJSON: options.json)
    var text = ""
    for stall in tracer.unfinishedWaits() {
      guard family?.contains(stall.process.pid) ?? true, options.filter.includes(stall) else { continue }
      perfetto?.add(stall)
      guard options.printsLines else { continue }
      if stall.duration > longest?.duration ?? 0 { longest = stall }
      text += self.text(of: stall)
    }
    if !text.isEmpty { try StandardStream.output.write(text) }
    try perfetto?.finish(lost: tracer.lost, missing: tracer.missing)
    if options.summary { try TraceSummaryReport(summary, lost: tracer.lost).print(asJSON: options.json) }
    if tracer.lost > 0 {
      Diagnostics.say(
        "\(Units.count(Int(clamping: tracer.lost), "event")) did not fit into the ring buffer and are missing",
        hint: "use --buffer SIZE for a larger ring buffer, or filter less")
    }
    if let limit = options.waits.failIfSlower?.nanoseconds, let longest, longest.duration > limit {
      throw Failure(
        "\(Units.process(longest.process.command, longest.process.pid)) waited \(Units.time(longest.duration)), "
          + "longer than \(Units.time(limit))")
    }
  }
}

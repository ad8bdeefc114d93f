// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufConformance
import DMABufHost

/// `dmabuf check`: do this kernel and its exporters keep the documented contract?
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check that this kernel and its devices do with dma-bufs what is documented.",
    discussion: """
      Each check is tried on each source of buffers and each device that it is for, in a process of its own: \
      nothing is left behind. Without --invasive nothing is tried that taints the kernel, stalls other users \
      of dma-bufs, or takes seconds; with a buffer given, nothing that changes the buffer. The exit status is 1 \
      when a check failed, 77 when none could be tried.

      A line of an expectations file is ID TARGET, for a check that is known to fail, and what it finds if \
      that is to be just so. An expected failure that passes is a failure.

      EXAMPLES
        dmabuf check
        dmabuf check --exporter heap:system --only 'C3*' --tap
        dmabuf check --expect known-failures --junit results.xml
        dmabuf check camera
      """)

  @Argument(help: "Check this buffer alone.", completion: Completion.references, transform: Reference.init)
  var reference: Reference?

  @Option(
    help: "Only on this source of buffers: heap:NAME, udmabuf; may be given again.", completion: Completion.sources)
  var exporter: [String] = []

  @Option(
    help: "Only on this device: its node, or drm:DRIVER, v4l2:DRIVER; may be given again. Any V4L2 node with queues.",
    completion: Completion.devices)
  var device: [String] = []

  @Option(help: "Only checks whose id matches this pattern (C3*); may be given again.")
  var only: [String] = []

  @Option(help: "No checks whose id matches this pattern; may be given again.")
  var skip: [String] = []

  @Flag(help: "Try what taints the kernel, stalls others, takes seconds, or changes the given buffer, too.")
  var invasive = false

  @Flag(help: "List the checks and what they need.")
  var list = false

  @Option(help: "Read from this file which checks are known to fail.", completion: .file())
  var expect: String?

  @Flag(help: "Print the Test Anything Protocol.")
  var tap = false

  @Option(help: "Write a JUnit report to this file.", completion: .file())
  var junit: String?

  @Flag(help: .json) var json = false

  func validate() throws {
    if tap && json { throw ValidationError("--tap and --json exclude each other") }
  }

  func run() throws {
    let checks = ConformanceCheck.all.filter { check in
      (only.isEmpty || only.contains { Glob.matches(check.id, $0) }) && !skip.contains { Glob.matches(check.id, $0) }
    }
    guard !checks.isEmpty else {
      throw Failure(
        "no check's id matches \(only.joined(separator: ", "))", hint: "dmabuf check --list", status: .usage)
    }
    if list { return try CheckList(checks).print(asJSON: json) }

    let expectations = try expect.map { try KnownFailures(reading: $0) }
    ConformanceCheck.removeLeftovers()
    let report: CheckReport
    if let reference {
      let buffer = try reference.open()
      let target = ConformanceTarget.given(descriptor: buffer.descriptorNumber, name: "\(reference)")
      report = try gather(checks, on: [target], expectations)
    } else {
      let survey = ConformanceSurvey()
      let isWhole = exporter.isEmpty && device.isEmpty
      report = try gather(
        checks, on: isWhole ? survey.targets : chosen(from: survey), expectations,
        notChecked: isWhole ? survey.omissions : [])
    }
    if tap {
      try StandardStream.output.write(report.tap() + "\n")
    } else {
      try report.print(asJSON: json)
    }
    if let junit {
      let file = try OutputFile(junit)
      try file.write(report.junit().utf8)
      try file.commit()
    }
    try end(report)
  }

  private func end(_ report: CheckReport) throws {
    if report.totals.fail > 0 { throw Failure.reported }
    if report.totals.pass + report.totals.knownDifference + report.totals.newDifference == 0 {
      throw Failure("nothing could be checked here", hint: "dmabuf doctor says what is missing", status: .missing)
    }
  }

  /// What was asked for, in the order of the survey.
  private func chosen(from survey: ConformanceSurvey) throws -> [ConformanceTarget] {
    let present = survey.all
    let wanted = exporter + device
    for name in wanted where !present.contains(where: { $0.label == name || $0.node == name }) {
      if let omission = survey.omissions.first(where: { $0.node == name }) {
        throw Failure("cannot check \(name): \(omission.reason)", status: .missing)
      }
      let labels = present.map(\.label).joined(separator: ", ")
      throw Failure("\(name): no such exporter or device", hint: "here are \(labels)", status: .missing)
    }
    return present.filter { wanted.contains($0.label) || $0.node.map(wanted.contains) ?? false }
  }

  private func gather(
    _ checks: [ConformanceCheck], on targets: [ConformanceTarget], _ expectations: KnownFailures?,
    notChecked: [ConformanceSurvey.Omission] = []
  ) throws -> CheckReport {
    let kernel = KernelVersion.running
    let permission = ConformanceCheck.Permission(invasive: invasive)
    var results: [ConformanceResult] = []
    var sentences: [String: String] = [:]
    let progress = Progress()
    defer { progress.finish() }
    for target in targets {
      for check in checks where target.isFor(check.scope) {
        progress.show("\(check.id) on \(target.label), \(results.count) done")
        sentences[check.id] = check.sentence
        let result = try check.run(on: target, kernel: kernel, permission)
        results.append(expectations?.judge(result) ?? result)
      }
    }
    return CheckReport(results, notChecked: notChecked, sentences: sentences, kernel: kernel)
  }
}

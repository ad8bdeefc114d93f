// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufConformance
import DMABufHost

/// `dmabuf check`: checks that this kernel and its exporters follow the documented contract.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check that this kernel and its devices follow the documented dma-buf contract.",
    usage: "dmabuf check [<REF>] [<options>]",
    discussion: """
      Runs each check on each source of buffers and each device that it applies to, in a process of its own. \
      Buffers, handles and queues are released afterwards. Without --invasive, no check taints the kernel, stalls \
      allocations, shows images, needs seconds, or changes the buffer REF. The exit status is 1 if a check failed, \
      and 77 if no check could run.

      A line of the file of --expect is ID TARGET [FOUND]. It names a check that is known to fail, and optionally \
      the result. A known failure that passes counts as a failure.

      EXAMPLES
        dmabuf check                                            # harmless checks
        dmabuf check --exporter heap:system --only 'C3*' --tap  # some checks
        dmabuf check --expect known-failures --junit results.xml  # for CI
        dmabuf check camera                                     # one buffer
      """)

  @Argument(
    help: ArgumentHelp("Check only this buffer. Default: new buffers of each source.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var reference: Reference?

  @OptionGroup(title: "WHAT IS CHECKED") var subject: CheckSubjectOptions

  @Flag(help: "List the checks, their targets and requirements.")
  var list = false

  @Option(
    help: ArgumentHelp("Read the known failures from FILE, one ID TARGET [FOUND] a line.", valueName: "FILE"),
    completion: .file())
  var expect: String?

  @Flag(help: "Print the Test Anything Protocol, version 13.")
  var tap = false

  @Option(help: ArgumentHelp("Write a JUnit report to FILE.", valueName: "FILE"), completion: .file())
  var junit: String?

  @Flag(help: .json) var json = false

  func validate() throws {
    if tap && json { throw ValidationError("--tap and --json exclude each other") }
  }

  func run() throws {
    let checks = subject.checks
    guard !checks.isEmpty else {
      throw Failure(
        "no check's id matches \(subject.only.joined(separator: ", "))", hint: "dmabuf check --list prints all ids",
        status: .usage)
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
      let isWhole = subject.isWhole
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
      throw Failure(
        "nothing could be checked on this machine", hint: "dmabuf doctor lists what is missing", status: .missing)
    }
  }

  /// The targets that the user named, in the order of the survey.
  private func chosen(from survey: ConformanceSurvey) throws -> [ConformanceTarget] {
    let present = survey.all
    let wanted = subject.exporter + subject.device
    for name in wanted where !present.contains(where: { $0.label == name || $0.node == name }) {
      if let omission = survey.omissions.first(where: { $0.node == name }) {
        throw Failure("cannot check \(name): \(omission.reason)", status: .missing)
      }
      let labels = present.map(\.label).joined(separator: ", ")
      throw Failure(
        "\(name): no such exporter or device", hint: "the exporters and devices of this machine are \(labels)",
        status: .missing)
    }
    return present.filter { wanted.contains($0.label) || $0.node.map(wanted.contains) ?? false }
  }

  private func gather(
    _ checks: [ConformanceCheck], on targets: [ConformanceTarget], _ expectations: KnownFailures?,
    notChecked: [ConformanceSurvey.Omission] = []
  ) throws -> CheckReport {
    let kernel = KernelVersion.running
    let permission = ConformanceCheck.Permission(invasive: subject.invasive)
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

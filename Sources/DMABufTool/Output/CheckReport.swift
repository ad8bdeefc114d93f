// SPDX-License-Identifier: MIT
import DMABuf
import DMABufConformance
import DMABufHost

/// The results of all checks on all targets.
struct CheckReport: Report, Encodable {
  struct Result: Encodable {
    let id: String
    let target: String
    let verdict: ConformanceResult.Verdict
    @Nullable var expected: String?
    @Nullable var found: String?
    @Nullable var reason: String?
    let sentence: String

    enum CodingKeys: String, CodingKey { case id, target, verdict, expected, found, reason, sentence }
  }

  /// A device that was not checked.
  struct Omission: Encodable {
    let device: String
    let reason: String
  }

  struct Totals: Encodable {
    var pass = 0
    var fail = 0
    var skip = 0
    var knownDifference = 0
    var newDifference = 0

    enum CodingKeys: String, CodingKey {
      case pass, fail, skip
      case knownDifference = "known_difference"
      case newDifference = "new_difference"
    }
  }

  let schema = "dmabuf.check/1"
  let kernel: String
  let results: [Result]
  let notChecked: [Omission]
  private(set) var totals = Totals()

  enum CodingKeys: String, CodingKey {
    case schema, kernel, results, totals
    case notChecked = "not_checked"
  }

  init(
    _ results: [ConformanceResult], notChecked: [ConformanceSurvey.Omission] = [], sentences: [String: String],
    kernel: KernelVersion
  ) {
    self.kernel = "\(kernel)"
    self.notChecked = notChecked.map { Omission(device: $0.node, reason: $0.reason) }
    self.results = results.map {
      Result(
        id: $0.id, target: $0.target, verdict: $0.verdict, expected: $0.expected, found: $0.found, reason: $0.reason,
        sentence: sentences[$0.id] ?? "")
    }
    for result in results {
      switch result.verdict {
      case .pass: totals.pass += 1
      case .fail: totals.fail += 1
      case .skip: totals.skip += 1
      case .knownDifference: totals.knownDifference += 1
      case .newDifference: totals.newDifference += 1
      }
    }
  }

  /// One line for each target, then the results that did not pass.
  func text(style: Style) -> String {
    var overview = Table(
      .init("TARGET"), .init("PASS", .right), .init("FAIL", .right), .init("SKIP", .right), .init("KNOWN", .right),
      .init("NEW", .right))
    overview.rows = targets.map { target in
      let verdicts = results.filter { $0.target == target }.map(\.verdict)
      let counts = [.pass, .fail, .skip, .knownDifference, .newDifference].map {
        (verdict: ConformanceResult.Verdict) in
        "\(verdicts.filter { $0 == verdict }.count)"
      }
      return [target] + counts
    }
    let sections = [
      rows(.fail, "FAILED", style), rows(.newDifference, "NEW DIFFERENCE", style),
      rows(.knownDifference, "KNOWN DIFFERENCE", style), skips(style), omissions(style),
    ]
    let new = totals.newDifference == 0 ? "" : ", " + Units.count(totals.newDifference, "new difference")
    let summary =
      "\(totals.pass) passed, \(totals.fail) failed, \(totals.skip) skipped, "
      + "\(Units.count(totals.knownDifference, "known difference"))\(new) on Linux \(kernel)"
    return (overview.lines(style: style) + [""] + sections.flatMap(\.self) + [summary]).joined(separator: "\n")
  }

  private func rows(_ verdict: ConformanceResult.Verdict, _ title: String, _ style: Style) -> [String] {
    let chosen = results.filter { $0.verdict == verdict }
    guard !chosen.isEmpty else { return [] }
    var table = Table(.init(title), .init("TARGET"), .init("CHECK"))
    table.rows = chosen.map { result in
      let parts = [
        result.sentence, result.expected.map { "expected \($0)" }, result.found.map { "found \($0)" },
        result.reason,
      ]
      return [result.id, result.target, Escaping.visible(parts.compactMap(\.self).joined(separator: "; "))]
    }
    return table.lines(style: style) + [""]
  }

  /// The reasons for skipped checks, each with the number of checks.
  private func skips(_ style: Style) -> [String] {
    let reasons = Dictionary(grouping: results.filter { $0.verdict == .skip }) { $0.reason ?? "" }
    guard !reasons.isEmpty else { return [] }
    var table = Table(.init("SKIPPED", .right), .init("REASON"))
    table.rows = reasons.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
      ["\($0.value.count)", Escaping.visible($0.key)]
    }
    return table.lines(style: style) + [""]
  }

  private func omissions(_ style: Style) -> [String] {
    guard !notChecked.isEmpty else { return [] }
    var table = Table(.init("NOT CHECKED"), .init("REASON"))
    table.rows = notChecked.map { [Escaping.visible($0.device), Escaping.visible($0.reason)] }
    return table.lines(style: style) + [""]
  }

  /// The Test Anything Protocol, version 13. Differences are TODO tests, which do not fail a run.
  func tap() -> String {
    let lines = results.enumerated().map { index, result in
      let test = "\(index + 1) - \(Escaping.tap("\(result.id) \(result.target): \(result.sentence)"))"
      let detail = [result.expected.map { "expected \($0)" }, result.found.map { "found \($0)" }, result.reason]
        .compactMap(\.self).joined(separator: "; ")
      return switch result.verdict {
      case .pass: "ok \(test)"
      case .fail: "not ok \(test)\n  ---\n  message: \(Escaping.yaml(detail))\n  ..."
      case .skip: "ok \(test) # SKIP \(Escaping.visible(result.reason ?? ""))"
      case .knownDifference, .newDifference: "not ok \(test) # TODO \(Escaping.visible(detail))"
      }
    }
    let comments = notChecked.map { "# not checked: \(Escaping.visible($0.device)): \(Escaping.visible($0.reason))" }
    return (["TAP version 13", "1..\(results.count)"] + lines + comments).joined(separator: "\n")
  }

  /// JUnit's XML: one suite for each target, and one for the devices that were not checked.
  func junit() -> String {
    let omissions = notChecked.map {
      JUnit.Case(group: "not checked", name: $0.device, outcome: .skipped(message: $0.reason))
    }
    let suites = targets.map { target in
      JUnit.Suite(name: target, cases: results.filter { $0.target == target }.map(testCase))
    }
    return JUnit.document(
      "dmabuf check", suites + (omissions.isEmpty ? [] : [JUnit.Suite(name: "not checked", cases: omissions)]))
  }

  private func testCase(_ result: Result) -> JUnit.Case {
    let detail = "expected \(result.expected ?? "-"), found \(result.found ?? "-")"
    let reason = result.reason ?? ""
    let outcome: JUnit.Outcome =
      switch result.verdict {
      case .pass: .passed
      case .fail: .failed(message: detail, text: reason)
      case .skip: .skipped(message: reason)
      case .knownDifference, .newDifference:
        .noted("\(result.verdict.rawValue.replacing("-", with: " ")): \(detail); \(reason)")
      }
    return JUnit.Case(group: result.target, name: "\(result.id) \(result.sentence)", outcome: outcome)
  }

  /// The targets, in the order of their first results.
  private var targets: [String] {
    var seen: Set<String> = []
    return results.map(\.target).filter { seen.insert($0).inserted }
  }
}

/// `dmabuf check --list`.
struct CheckList: Report, Encodable {
  struct Entry: Encodable {
    let id: String
    let scope: String
    let needs: [String]
    let invasive: Bool
    let sentence: String
  }

  let schema = "dmabuf.check-list/1"
  let checks: [Entry]

  init(_ checks: [ConformanceCheck]) {
    self.checks = checks.map {
      Entry(
        id: $0.id, scope: $0.scope.rawValue, needs: $0.needs.map(\.rawValue), invasive: $0.isInvasive,
        sentence: $0.sentence)
    }
  }

  func text(style: Style) -> String {
    var table = Table(.init("ID"), .init("TARGET"), .init("NEEDS"), .init("CHECK"))
    table.rows = checks.map {
      let needs = ($0.invasive ? ["--invasive"] : []) + $0.needs
      return [$0.id, $0.scope, needs.isEmpty ? "-" : needs.joined(separator: " "), $0.sentence]
    }
    return table.lines(style: style).joined(separator: "\n")
  }
}

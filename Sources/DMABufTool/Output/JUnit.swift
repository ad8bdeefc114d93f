import DMABuf

/// Answers as the XML that continuous integration reads: a suite for each buffer, a case for each
/// device or queue.
enum JUnit {
  static func document(_ reports: [ImportReport]) -> String {
    let suites = reports.map(suite).joined(separator: "\n")
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dmabuf import\">\n\(suites)\n</testsuites>"
  }

  private static func suite(_ report: ImportReport) -> String {
    let refused = report.devices.count { $0.result == .refused }
    let skipped = report.devices.count { $0.result == .skipped }
    let head =
      "  <testsuite name=\"\(Escaping.xml(report.title))\" tests=\"\(report.devices.count)\" failures=\"\(refused)\" "
      + "errors=\"0\" skipped=\"\(skipped)\">"
    return ([head] + report.devices.map(testCase) + ["  </testsuite>"]).joined(separator: "\n")
  }

  private static func testCase(_ answer: ImportReport.Answer) -> String {
    let name = Escaping.xml(answer.place)
    let start = "    <testcase classname=\"\(Escaping.xml(answer.driver?.escaped ?? "unknown"))\" name=\"\(name)\""
    let message = Escaping.xml(answer.explanation)
    return switch answer.result {
    case .ok: start + "/>"
    case .refused: start + "><failure type=\"\(Escaping.xml(answer.word))\" message=\"\(message)\"/></testcase>"
    case .skipped: start + "><skipped message=\"\(message)\"/></testcase>"
    }
  }
}

// SPDX-License-Identifier: MIT
/// The XML format that CI systems read.
enum JUnit {
  struct Suite {
    let name: String
    let cases: [Case]
  }

  struct Case {
    let group: String
    let name: String
    let outcome: Outcome
  }

  enum Outcome {
    case passed
    case failed(message: String, type: String? = nil, text: String = "")
    case skipped(message: String)
    /// Passed, with a note.
    case noted(String)

    fileprivate var isFailure: Bool { if case .failed = self { true } else { false } }
    fileprivate var isSkip: Bool { if case .skipped = self { true } else { false } }

    fileprivate var element: String? {
      switch self {
      case .passed: nil
      case .failed(let message, let type, let text):
        JUnit.element("failure", [("type", type), ("message", message)], text.isEmpty ? nil : Escaping.xml(text))
      case .skipped(let message): JUnit.element("skipped", [("message", message)], nil)
      case .noted(let text): JUnit.element("system-out", [], Escaping.xml(text))
      }
    }
  }

  static func document(_ name: String, _ suites: [Suite]) -> String {
    let elements = suites.map { suite in
      let cases = suite.cases.map {
        "    " + element("testcase", [("classname", $0.group), ("name", $0.name)], $0.outcome.element)
      }
      let counts = [
        ("name", suite.name), ("tests", "\(cases.count)"),
        ("failures", "\(suite.cases.count { $0.outcome.isFailure })"), ("errors", "0"),
        ("skipped", "\(suite.cases.count { $0.outcome.isSkip })"),
      ]
      return "  " + element("testsuite", counts, "\n" + cases.map { $0 + "\n" }.joined() + "  ")
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + element("testsuites", [("name", name)], "\n" + elements.map { $0 + "\n" }.joined()) + "\n"
  }

  private static func element(_ name: String, _ attributes: [(String, String?)], _ content: String?) -> String {
    let values = attributes.compactMap { key, value in value.map { " \(key)=\"\(Escaping.xml($0))\"" } }
    let start = "<" + name + values.joined()
    return content.map { start + ">" + $0 + "</" + name + ">" } ?? start + "/>"
  }
}

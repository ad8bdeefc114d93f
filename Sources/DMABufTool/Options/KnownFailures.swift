// SPDX-License-Identifier: MIT
import DMABuf
import DMABufConformance

/// A file that lists the checks that are known to fail, so that a change in either direction is noticed.
struct KnownFailures {
  struct Line {
    let number: Int
    let id: String
    let target: String
    /// The expected result; `nil` if any result is expected.
    let found: String?
  }

  let path: String
  let lines: [Line]

  init(reading path: String) throws {
    let bytes = try SmallFile.read(path)
    try self.init(String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// Parses lines of `ID TARGET [FOUND]`. Text after ` #`, or after a `#` at the beginning of a line, is a comment.
  init(_ text: String, path: String) throws {
    self.path = path
    var lines: [Line] = []
    for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
    {
      let words = Self.withoutComment(line).split(maxSplits: 2, whereSeparator: Self.isBlank).map { String($0) ?? "" }
      if words.isEmpty { continue }
      guard words.count >= 2 else {
        throw Failure("\(path):\(index + 1): a line is ID TARGET, or ID TARGET FOUND", status: .usage)
      }
      let found = words.count > 2 ? Self.trimmed(words[2]) : ""
      lines.append(Line(number: index + 1, id: words[0], target: words[1], found: found.isEmpty ? nil : found))
    }
    self.lines = lines
  }

  /// Whether a byte separates words. This includes the carriage return of files with other line endings.
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }

  private static func withoutComment(_ line: Substring.UTF8View) -> Substring.UTF8View {
    guard line.first != UInt8(ascii: "#") else { return line.prefix(0) }
    return line.firstRange(of: " #".utf8).map { line[..<$0.lowerBound] } ?? line
  }

  private static func trimmed(_ text: String) -> String {
    var rest = text.utf8.drop(while: isBlank)
    while rest.last.map(isBlank) ?? false { rest.removeLast() }
    return String(Substring(rest))
  }

  /// Applies the file to a result: an expected failure becomes a known difference, and an expected failure that passes
  /// becomes a failure.
  func judge(_ result: ConformanceResult) -> ConformanceResult {
    guard result.verdict != .skip,
      let line = lines.first(where: { Glob.matches(result.id, $0.id) && Glob.matches(result.target, $0.target) })
    else { return result }
    let place = "\(path):\(line.number)"
    var judged = result
    if let found = line.found, found != result.found {
      judged.verdict = .fail
      judged.expected = found
      judged.reason = "\(place) expects another result"
    } else if result.verdict == .fail || result.verdict == .newDifference {
      judged.verdict = .knownDifference
      judged.reason = "\(place) expects this result"
    } else if line.found == nil {
      judged.verdict = .fail
      judged.reason = "\(place) expects a failure, and the check passed"
    }
    return judged
  }
}

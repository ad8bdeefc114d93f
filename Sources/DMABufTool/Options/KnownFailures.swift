import DMABuf

/// A file that says which checks are known to fail, so that a change in either direction is noticed.
struct KnownFailures {
  struct Line {
    let number: Int
    let id: String
    let target: String
    /// What is to be found; anything if it does not say.
    let found: String?
  }

  let path: String
  let lines: [Line]

  init(reading path: String) throws {
    let bytes = try SmallFile.read(path)
    try self.init(String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// `ID TARGET [FOUND]` lines; what follows ` #`, or a `#` that begins a line, is a comment.
  init(_ text: String, path: String) throws {
    self.path = path
    var lines: [Line] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = line.hasPrefix("#") ? "" : line[..<(line.firstRange(of: " #")?.lowerBound ?? line.endIndex)]
      let words = content.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
      if words.isEmpty { continue }
      guard words.count >= 2 else {
        throw Failure("\(path):\(index + 1): a line is ID TARGET, or ID TARGET FOUND", status: .usage)
      }
      let found = words.count > 2 && !words[2].trimmed.isEmpty ? words[2].trimmed : nil
      lines.append(Line(number: index + 1, id: String(words[0]), target: String(words[1]), found: found))
    }
    self.lines = lines
  }

  /// The result as the file has it: an expected failure is a known difference, one that does not come a failure.
  func judge(_ result: ConformanceResult) -> ConformanceResult {
    guard result.verdict != .skip,
      let line = lines.first(where: { Glob.matches(result.id, $0.id) && Glob.matches(result.target, $0.target) })
    else { return result }
    let place = "\(path):\(line.number)"
    var judged = result
    if let found = line.found, found != result.found {
      judged.verdict = .fail
      judged.expected = found
      judged.reason = "\(place) expects otherwise"
    } else if result.verdict == .fail {
      judged.verdict = .knownDifference
      judged.reason = "\(place) expects it"
    } else if line.found == nil {
      judged.verdict = .fail
      judged.reason = "\(place) expects it to fail, and it does not"
    }
    return judged
  }
}

extension Substring {
  /// Without blanks at its ends.
  fileprivate var trimmed: String {
    var rest = self.drop { $0.isWhitespace }
    while rest.last?.isWhitespace ?? false { rest.removeLast() }
    return String(rest)
  }
}

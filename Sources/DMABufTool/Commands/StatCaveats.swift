// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus

/// Reports on standard error what a census could not determine.
extension Stat {
  /// Reports why the list is incomplete. The last reason becomes the error that ends the command.
  func reportCaveats(of census: Census) throws {
    let failed = failures(of: census)
    if failed.isEmpty, !census.listsAllBuffers, self.census.reading.source.isEmpty, self.census.filter.pid.isEmpty,
      references.isEmpty
    {
      Diagnostics.say(
        "no source that this user can read lists buffers that no process holds",
        hint: Census.readableDebugList.map { "--fences also reads \($0), which lists them" })
    }
    var errors: [any Error] = []
    if let hidden = census.hidden {
      errors.append(Failure("cannot list all holders: \(Advice.reason(for: hidden))"))
    }
    if !census.unverified.isEmpty {
      let count = census.unverified.values.reduce(0, +)
      let owners = census.unverified.keys.sorted().map { Units.process(census.processes[$0]?.command, $0) }
      errors.append(
        Failure(
          "cannot verify \(Units.count(count, "mapping")) called /dmabuf: of \(owners.joined(separator: " "))",
          hint: "a file may have that name; the mapping is not counted"))
    }
    if let first = census.refused.first, failed.isEmpty {
      errors.append(
        Failure(
          "\(first)" + (census.refused.count > 1 ? ", and \(census.refused.count - 1) more like it" : ""),
          hint: "the list is not complete: " + Advice.unreadable(census.refused)))
    }
    if let error = unknownExporter(in: census) { errors.append(error) }
    // If a requested source is missing, its error determines the exit status.
    errors += failed
    guard let last = errors.popLast() else { return }
    for error in errors { _ = Diagnostics.report(error) }
    throw last
  }

  /// The requested sources that could not be read.
  private func failures(of census: Census) -> [CensusError] {
    let chosen = self.census.reading.source
    return Census.Source.allCases.compactMap { source in
      let isMissed = chosen.isEmpty ? source == .procfs || source == .bufinfo : chosen.contains(source)
      return isMissed ? census.failures[source] : nil
    }
  }

  /// A leak test with a mistyped exporter would always pass.
  private func unknownExporter(in census: Census) -> Failure? {
    guard let wanted = self.census.filter.exporter.map({ UntrustedText($0.utf8) }) else { return nil }
    let listed = Set(census.buffers.compactMap(\.exporter))
    guard !listed.contains(wanted), !Exporters.mayExist(wanted) else { return nil }
    let names = Set(listed.map(\.escaped)).union(Exporters.names).sorted()
    return Failure(
      "no buffer has exporter \(wanted.escaped)",
      hint: names.isEmpty ? nil : "the exporters of this machine are " + names.joined(separator: ", "))
  }
}

extension StatReport {
  /// Reports a filter that matches nothing. Does nothing if unread processes might match.
  func reportUnmatched(_ selection: StatSelection) {
    guard buffers.isEmpty, totals.undecided.buffers == 0, areHoldersKnown else { return }
    if let pattern = selection.namePattern {
      Diagnostics.say("no buffer has a name that matches '\(UntrustedText(pattern.utf8).escaped)'", hint: nil)
    }
    if let user = selection.user {
      Diagnostics.say("no buffer is held by a process of user \(StatReport.userName(user))", hint: nil)
    }
    if let pattern = selection.unitPattern {
      let text = UntrustedText(pattern.utf8).escaped
      Diagnostics.say(
        "no buffer is held by a unit that matches '\(text)'", hint: "dmabuf stat --by unit lists the units")
    }
  }
}

import DMABuf

/// `stat --watch` and `stat --fail-if-growth`: looks that are taken again and again.
extension Stat {
  func runOverTime(_ selection: StatSelection) throws {
    let request = try census.repeatedRequest(wantsAttachments: wantsAttachments)
    if let failIfGrowth, let period {
      try demand(failIfGrowth, for: period.duration, request, selection)
    } else if let watch {
      try look(each: watch.duration, request, selection)
    }
  }

  private func look(each interval: Duration, _ request: Census.Request, _ selection: StatSelection) throws {
    let end = period.map { Deadline(after: $0.duration) }
    var isFirst = true
    while true {
      let next = Deadline(after: interval)
      let census = Census(request)
      if !isFirst, !json { try StandardStream.output.write("\n") }
      try print(StatReport(census, selection, view))
      // Said once: what the list lacks, it will lack again.
      if isFirst {
        do { try complain(of: census) } catch { _ = Diagnostics.report(error) }
      }
      isFirst = false
      if let end, end.isPast { return }
      try next.sleep()
    }
  }

  /// Looks at the beginning and three times near the end, of which the least counts: what is there for
  /// moments is no leak.
  private func demand(
    _ limit: Growth, for duration: Duration, _ request: Census.Request, _ selection: StatSelection
  ) throws {
    var view = view
    view.top = nil
    let snapshot = { () throws -> (Census, StatSnapshot) in
      let census = Census(request)
      return (census, StatSnapshot(StatReport(census, selection, view)))
    }
    let moments = [0.8, 0.9, 1.0].map { Deadline(after: duration * $0) }
    let (census, first) = try snapshot()
    try complain(of: census)
    let progress = Progress(after: 0)
    defer { progress.finish() }
    progress.show("watching \(StatReport.sum(first.totals.buffers, first.totals.bytes)), for \(duration)")
    var least: StatDifference?
    for moment in moments {
      try moment.sleep()
      let difference = StatDifference(from: first, to: try snapshot().1, limit: limit)
      if least.map({ limit.measure(difference.totals) < limit.measure($0.totals) }) ?? true { least = difference }
    }
    guard let least else { return }
    progress.finish()
    try least.print(asJSON: json)
    if limit.isExceeded(by: least.totals) { throw Failure.reported }
  }
}

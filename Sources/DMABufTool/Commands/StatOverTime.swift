// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufHost

/// `stat --watch`: repeats the census.
extension Stat {
  func takeCensus(each interval: Duration, _ query: Census.Query, _ selection: StatSelection) throws {
    let end = time.period?.deadline
    var isFirst = true
    while true {
      let next = Deadline(after: interval)
      let census = Census(query)
      if !isFirst, !json { try StandardStream.output.write("\n") }
      try print(StatReport(census, selection, view))
      // Reported only once: every census has the same caveats.
      if isFirst {
        do { try reportCaveats(of: census) } catch { _ = Diagnostics.report(error) }
      }
      isFirst = false
      if let end, end.isPast { return }
      try next.sleep()
    }
  }
}

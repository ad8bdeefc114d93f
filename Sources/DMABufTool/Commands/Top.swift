// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHost

/// `dmabuf top`: shows the census live.
struct Top: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Watch dma-bufs and the processes that hold them, live.",
    usage: "dmabuf top [<options>]",
    discussion: """
      Keys: q quits, b shows buffers, p shows processes. The key s sorts by the next column, r reverses the order. \
      The key / filters, space pauses, arrows and page keys scroll.

      EXAMPLES
        dmabuf top                                # all buffers
        dmabuf top --by process --interval 500ms  # all processes
        dmabuf top --user camera                  # one user
      """)

  enum Grouping: String, Choice {
    case buffer, process
  }

  @Option(help: ArgumentHelp("Start with one row for each KIND.", valueName: "KIND"))
  var by = Grouping.buffer

  @Option(
    help: ArgumentHelp("Update at this interval (500ms, 2s). Default: 1s.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var interval = TimeSpan(.seconds(1))

  @OptionGroup var census: CensusOptions

  func validate() throws {
    guard interval.duration >= .milliseconds(50) else {
      throw ValidationError("--interval needs a DURATION of at least 50ms")
    }
  }

  func run() throws {
    guard StandardStream.output.isTerminal, StandardStream.input.isTerminal else {
      throw Failure(
        "cannot run top: standard \(StandardStream.output.isTerminal ? "input" : "output") is not a terminal",
        hint: "use dmabuf stat --watch to print repeatedly to a file or pipe", status: .usage)
    }
    let selection = try census.selection()
    var query = try census.repeatedQuery(wantsAttachments: false)
    if interval.duration <= .seconds(2) { query.memory = DescriptorMemory() }
    let isColored = Style.standardOutput().isColored
    var screen = TopScreen(by == .buffer ? .buffer : .process)

    let terminal = try Terminal()
    while !screen.hasEnded {
      let next = Deadline(after: interval.duration)
      if !screen.isPaused {
        try Interruption.endingAtOnce { screen.show(StatReport(Census(query), selection, StatView())) }
      }
      var isDrawn = false
      while !screen.hasEnded {
        let size = terminal.size
        if !isDrawn { try terminal.draw(screen.lines(columns: size.columns, rows: size.rows, isColored: isColored)) }
        if next.isPast { break }
        let keys = try terminal.keys(until: next)
        for key in keys { screen.press(key, rows: size.rows) }
        isDrawn = keys.isEmpty
      }
    }
  }
}

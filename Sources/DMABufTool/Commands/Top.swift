// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHost

/// `dmabuf top`: the census, live.
struct Top: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Watch buffers and the processes that hold them, live.",
    discussion: """
      Keys: q quits, b and p show buffers and processes, s goes through the columns to sort by, r reverses, \
      / filters, space pauses, arrows and pages scroll.

      EXAMPLES
        dmabuf top
        dmabuf top --by process --interval 500ms
        dmabuf top --user camera
      """)

  enum Grouping: String, Choice {
    case buffer, process
  }

  @Option(help: "Begin with rows of buffers or of processes.")
  var by = Grouping.buffer

  @Option(help: "Look again after this long (500ms, 2s).", transform: TimeSpan.init)
  var interval = TimeSpan(.seconds(1))

  @OptionGroup var census: CensusOptions

  func validate() throws {
    guard interval.duration >= .milliseconds(50) else {
      throw ValidationError("a look each 50ms is the most that --interval does")
    }
  }

  func run() throws {
    guard StandardStream.output.isTerminal, StandardStream.input.isTerminal else {
      throw Failure(
        "top draws on a terminal, and standard \(StandardStream.output.isTerminal ? "input" : "output") is none",
        hint: "dmabuf stat --watch prints to anything", status: .usage)
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

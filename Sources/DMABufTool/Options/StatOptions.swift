// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// Options for the layout of `dmabuf stat`.
struct StatLayoutOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Show one row for each KIND.", valueName: "KIND"))
  var by = StatView.Grouping.buffer

  @Flag(help: "Show a grid of buffers and processes, with descriptors and mappings.")
  var grid = false

  @Option(
    help: ArgumentHelp(
      "Show these columns (ino,size), or add columns to the usual ones (+age,+owner).", valueName: "COLUMN,..."))
  var columns: String?

  @Option(
    help: ArgumentHelp(
      "Sort by COLUMN: numbers from the largest, text from A to Z. Default: the largest first.", valueName: "COLUMN"))
  var sort: String?

  @Flag(help: "Reverse the sort order.")
  var reverse = false

  @Option(help: ArgumentHelp("Show at most N rows. Totals still cover all rows.", valueName: "N"))
  var top: Int?

  func validate() throws { try ValidationError.check(top, of: "--top <N>", in: 1 ... .max) }

  func view() throws -> StatView {
    var view = try StatView(by, columns: columns, sort: sort)
    view.isReversed = reverse
    view.top = top
    view.isGrid = grid
    return view
  }
}

/// Options for repeated and compared censuses of `dmabuf stat`.
struct StatTimeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Repeat at this interval (500ms, 2s, 1m); print JSON Lines with --json. Default: 2s.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var watch: TimeSpan?

  @Option(
    help: ArgumentHelp("Compare with a census saved by stat --json.", valueName: "FILE"), completion: .file())
  var diff: String?

  @Option(
    help: ArgumentHelp(
      """
      Fail if memory grows by more than SIZE, or references of a kind by more than COUNT, within --for or since \
      --diff (1M,10). Default: any growth fails.
      """,
      valueName: "SIZE,COUNT"),
    transform: GrowthLimit.init)
  var failIfGrowth: GrowthLimit?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("Run --fail-if-growth or --watch for DURATION (500ms, 2s, 1m).", valueName: "DURATION"),
    transform: TimeSpan.init)
  var period: TimeSpan?

  func validate() throws {
    guard watch == nil || diff == nil && failIfGrowth == nil else {
      throw ValidationError("--watch excludes --diff and --fail-if-growth")
    }
    guard failIfGrowth == nil || period != nil || diff != nil else {
      throw ValidationError("--fail-if-growth needs --for DURATION or --diff FILE")
    }
    guard period == nil || failIfGrowth != nil || watch != nil else {
      throw ValidationError("--for needs --fail-if-growth or --watch")
    }
    if let watch, watch.duration < .milliseconds(10) {
      throw ValidationError("--watch needs a DURATION of at least 10ms")
    }
  }
}

/// Options for the output format of `dmabuf stat`.
struct StatOutputOptions: ParsableArguments {
  @Flag(help: .json) var json = false

  @Flag(help: "Print metrics in the text format of Prometheus.")
  var prometheus = false

  @Flag(help: "Print a graph of processes, buffers and devices for dot(1).")
  var graph = false
}

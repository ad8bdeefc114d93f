// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHost

/// `dmabuf stat`: every buffer that can be seen, and who holds it.
struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stat",
    abstract: "List dma-bufs and the processes that hold them.",
    discussion: """
      Reads /proc, and the kernel's own list of buffers where one exists. Only that list has buffers that no \
      process holds. Processes that cannot be read are counted, and the exit status is then 1.

      EXAMPLES
        dmabuf stat                                  # every buffer
        dmabuf stat --by process --sort syncs        # which process leaks fences?
        dmabuf stat --name 'camera*' --columns +age,+owner
        dmabuf stat --kernel-held                    # buffers without a process
        dmabuf stat --pid 4711 --fail-if-growth 1M,10 --for 30s
        dmabuf stat --json > before                  # save a census
        dmabuf stat --diff before                    # what has changed since?
        dmabuf stat --diff before --fail-if-growth   # fail on a leak
      """)

  @Argument(
    help: ArgumentHelp("Buffers to list. Default: all.", valueName: "REF"), completion: Completion.references,
    transform: Reference.init)
  var references: [Reference] = []

  @Option(help: ArgumentHelp("Show one row for each KIND.", valueName: "KIND"))
  var by = StatView.Grouping.buffer

  @Flag(help: "Show a grid of buffers and processes, with descriptors and mappings.")
  var grid = false

  @Flag(help: "Show attached devices and fences, from debugfs. Reading it stalls all allocations for a moment.")
  var fences = false

  @Flag(help: "List only buffers that no process holds, and their other references. Reads debugfs.")
  var kernelHeld = false

  @Option(
    help: ArgumentHelp(
      "Sort by COLUMN: numbers from the largest, text from A to Z. Default: the largest first.", valueName: "COLUMN"))
  var sort: String?

  @Flag(help: "Reverse the sort order.")
  var reverse = false

  @Option(
    help: ArgumentHelp(
      "Show these columns (ino,size), or add columns to the usual ones (+age,+owner).", valueName: "COLUMN,..."))
  var columns: String?

  @Option(help: ArgumentHelp("Show at most N rows. Totals still cover all rows.", valueName: "N"))
  var top: Int?

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

  @Flag(help: "Print metrics in the text format of Prometheus.")
  var prometheus = false

  @Flag(help: "Print a graph of processes, buffers and devices for dot(1).")
  var graph = false

  /// The arguments with values for options that may have none.
  static func spelledOut(_ arguments: [String]) -> [String] {
    OptionalValue.joined(
      GrowthLimit.joined(arguments), option: "--watch", otherwise: "2s", isValue: OptionalValue.isNumeric)
  }

  @OptionGroup var census: CensusOptions

  @Flag(help: .json) var json = false

  /// How the census is drawn, as the options say it.
  private(set) var view = StatView()

  enum CodingKeys: CodingKey {
    case references, by, grid, fences, kernelHeld, sort, reverse, columns, top, watch, diff, failIfGrowth, period
    case prometheus, graph, census, json
  }

  mutating func validate() throws {
    view = try StatView(by, columns: columns, sort: sort)
    view.isReversed = reverse
    view.top = top
    view.isKernelHeld = kernelHeld
    view.showsFences = fences
    view.isGrid = grid
    try ValidationError.check(top, of: "--top <N>", in: 1 ... .max)
    let forms = [json, prometheus, graph, diff != nil && prometheus, diff != nil && graph]
    guard forms.filter(\.self).count <= 1 else {
      throw ValidationError("--json, --prometheus and --graph exclude each other")
    }
    guard watch == nil || diff == nil && failIfGrowth == nil else {
      throw ValidationError("--watch excludes --diff and --fail-if-growth")
    }
    guard failIfGrowth == nil || period != nil || diff != nil else {
      throw ValidationError("--fail-if-growth needs --for DURATION or --diff FILE")
    }
    guard failIfGrowth == nil || !prometheus && !graph else {
      throw ValidationError("--fail-if-growth excludes --prometheus and --graph")
    }
    guard period == nil || failIfGrowth != nil || watch != nil else {
      throw ValidationError("--for needs --fail-if-growth or --watch")
    }
    if let watch, watch.duration < .milliseconds(10) {
      throw ValidationError("--watch needs a DURATION of at least 10ms")
    }
  }

  var wantsAttachments: Bool {
    fences || kernelHeld || by == .device || shows([.devices, .fences, .heldBy, .references])
  }

  /// Are processes wanted that may have other references than descriptors and mappings?
  var wantsReferences: Bool { kernelHeld || shows([.heldBy, .references]) }

  private func shows(_ columns: Set<StatColumn>) -> Bool { !columns.isDisjoint(with: view.columns ?? []) }

  func run() throws { try Interruption.endingAtOnce { try takeCensus() } }

  private func takeCensus() throws {
    var selection = try census.selection()
    let inodes = try references.map { try $0.resolveInode() }
    selection.inodes = references.isEmpty ? nil : inodes
    selection.isKernelHeld = kernelHeld
    let earlier = try diff.map { try StatSnapshot(file: $0) }
    if let failIfGrowth { return try testForLeaks(failIfGrowth, since: earlier, selection) }
    if let watch {
      let query = try census.repeatedQuery(wantsAttachments: wantsAttachments)
      return try takeCensus(each: watch.duration, query, selection)
    }

    var query = census.query(wantsAttachments: wantsAttachments)
    query.wantsReferences = wantsReferences ? true : nil
    let census = Census(query)
    var view = view
    // A comparison needs all rows.
    if earlier != nil { view.top = nil }
    let report = StatReport(census, selection, view)
    if let earlier {
      try StatDifference(from: earlier, to: StatSnapshot(report)).print(asJSON: json)
    } else {
      try print(report)
    }
    for (reference, inode) in zip(references, inodes) where !report.buffers.contains(where: { $0.ino == inode }) {
      throw Failure("cannot find \(reference): no source lists this buffer", hint: nil)
    }
    report.reportUnmatched(selection)
    try reportCaveats(of: census)
  }

  func print(_ report: StatReport) throws {
    if prometheus {
      try StandardStream.output.write(StatMetrics(report).text + "\n")
    } else if graph {
      try StandardStream.output.write(StatGraph(report).text + "\n")
    } else {
      try report.print(asJSON: json)
    }
  }
}

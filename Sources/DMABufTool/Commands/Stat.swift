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
      Reads /proc, and the kernel's own list of buffers where there is one: only there are buffers seen \
      that no process holds. Processes that may not be read are counted, and the exit status is then 1.

      EXAMPLES
        dmabuf stat
        dmabuf stat --by process --sort syncs
        dmabuf stat --name 'camera*' --columns +age,+owner
        dmabuf stat --kernel-held
        dmabuf stat --pid 4711 --json > before; dmabuf stat --pid 4711 --diff before
        dmabuf stat --pid 4711 --fail-if-growth 1M,10 --for 30s
        dmabuf stat --json > before; ./run-tests
        dmabuf stat --diff before --fail-if-growth
      """)

  @Argument(help: "Only these buffers.", completion: Completion.references, transform: Reference.init)
  var references: [Reference] = []

  @Option(help: "One row for each buffer, process, exporter, device or name.")
  var by = StatView.Grouping.buffer

  @Flag(help: "Show buffers against processes: descriptors and mappings of each.")
  var grid = false

  @Flag(help: "Show attached devices and fences, from debugfs; stalls the machine for a moment.")
  var fences = false

  @Flag(help: "Only buffers that no process holds, and what holds them; reads debugfs, too.")
  var kernelHeld = false

  @Option(help: "Order rows by this column.")
  var sort: String?

  @Flag(help: "The other way round.")
  var reverse = false

  @Option(help: "Show these columns (ino,size), or more than the usual ones (+age,+owner).")
  var columns: String?

  @Option(help: "Show so many rows at most; totals are of all.")
  var top: Int?

  @Option(
    help: ArgumentHelp(
      "Repeat at this interval (500ms, 2s, 1m); print JSON Lines with --json. Default: 2s.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var watch: TimeSpan?

  @Option(help: "What has changed since this file was written with --json.", completion: .file())
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

  @Flag(help: "Print metrics for Prometheus' node_exporter.")
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
    try ValidationError.check(top, of: "--top <top>", in: 1 ... .max)
    let forms = [json, prometheus, graph, diff != nil && prometheus, diff != nil && graph]
    guard forms.filter(\.self).count <= 1 else {
      throw ValidationError("--json, --prometheus and --graph are different forms: choose one")
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
      throw ValidationError("--for says how long --fail-if-growth or --watch go on")
    }
    if let watch, watch.duration < .milliseconds(10) {
      throw ValidationError("a look each 10ms is the most that --watch does")
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
      throw Failure("\(reference): no such buffer can be seen", hint: nil)
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

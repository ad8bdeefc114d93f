// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHost

/// `dmabuf stat`: lists all visible buffers and their holders.
struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stat",
    abstract: "List dma-bufs and the processes that hold them.",
    usage: "dmabuf stat [<REF> ...] [<options>]",
    discussion: """
      Reads /proc, and the kernel's own list of buffers where one exists. Only that list has buffers that no \
      process holds. Processes that cannot be read are counted, and the exit status is then 1.

      EXAMPLES
        dmabuf stat                                 # every buffer
        dmabuf stat --by process --sort syncs       # which process leaks fences?
        dmabuf stat --name 'camera*' --columns +age,+owner  # more columns
        dmabuf stat --kernel-held                   # buffers without a process
        dmabuf stat --pid 4711 --fail-if-growth 1M,10 --for 30s  # does it leak?
        dmabuf stat --json > before                 # save a census
        dmabuf stat --diff before                   # what has changed since?
        dmabuf stat --diff before --fail-if-growth  # fail on a leak
      """)

  @Argument(
    help: ArgumentHelp("Buffers to list. Default: all.", valueName: "REF"), completion: Completion.references,
    transform: Reference.init)
  var references: [Reference] = []

  @Flag(help: "List only buffers that no process holds, and their other references. Reads debugfs.")
  var kernelHeld = false

  @Flag(help: "Show attached devices and fences, from debugfs. Reading it stalls all allocations for a moment.")
  var fences = false

  @OptionGroup var census: CensusOptions
  @OptionGroup(title: "LAYOUT") var layout: StatLayoutOptions
  @OptionGroup(title: "OVER TIME") var time: StatTimeOptions
  @OptionGroup(title: "OUTPUT") var output: StatOutputOptions

  /// Adds default values to options that were typed without one.
  static func spelledOut(_ arguments: [String]) -> [String] {
    OptionalValue.joined(
      GrowthLimit.joined(arguments), option: "--watch", otherwise: "2s", isValue: OptionalValue.isNumeric)
  }

  /// The layout of the census, according to the options.
  private(set) var view = StatView()

  enum CodingKeys: CodingKey {
    case references, kernelHeld, fences, census, layout, time, output
  }

  var json: Bool { output.json }

  mutating func validate() throws {
    view = try layout.view()
    view.isKernelHeld = kernelHeld
    view.showsFences = fences
    let isGraph = output.graph, isMetrics = output.prometheus
    let isComparison = time.diff != nil
    let forms = [json, isMetrics, isGraph, isComparison && isMetrics, isComparison && isGraph]
    guard forms.filter(\.self).count <= 1 else {
      throw ValidationError("--json, --prometheus and --graph exclude each other")
    }
    guard time.failIfGrowth == nil || !isMetrics && !isGraph else {
      throw ValidationError("--fail-if-growth excludes --prometheus and --graph")
    }
  }

  var wantsAttachments: Bool {
    fences || kernelHeld || layout.by == .device || shows([.devices, .fences, .heldBy, .references])
  }

  /// Whether processes are needed that may have references other than descriptors and mappings.
  var wantsReferences: Bool { kernelHeld || shows([.heldBy, .references]) }

  private func shows(_ columns: Set<StatColumn>) -> Bool { !columns.isDisjoint(with: view.columns ?? []) }

  func run() throws { try Interruption.endingAtOnce { try takeCensus() } }

  private func takeCensus() throws {
    var selection = try census.selection()
    let inodes = try references.map { try $0.resolveInode() }
    selection.inodes = references.isEmpty ? nil : inodes
    selection.isKernelHeld = kernelHeld
    let earlier = try time.diff.map { try StatSnapshot(file: $0) }
    if let failIfGrowth = time.failIfGrowth { return try testForLeaks(failIfGrowth, since: earlier, selection) }
    if let watch = time.watch {
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
    if output.prometheus {
      try StandardStream.output.write(StatMetrics(report).text + "\n")
    } else if output.graph {
      try StandardStream.output.write(StatGraph(report).text + "\n")
    } else {
      try report.print(asJSON: json)
    }
  }
}

import ArgumentParser
import DMABuf

/// `dmabuf stat`: every buffer that can be seen, and who holds it.
struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stat",
    _superCommandName: "dmabuf",
    abstract: "List dma-bufs and the processes that hold them.",
    discussion: """
      Reads /proc, and the kernel's own list in /sys/kernel/dmabuf where there is one: only there are \
      buffers seen that no process holds. Processes that may not be read are counted, and the exit status \
      is then 1.

      EXAMPLES
        dmabuf stat
        dmabuf stat --by process
        dmabuf stat --pid 4711 --json
        dmabuf stat 4711:23
      """)

  enum Grouping: String, ExpressibleByArgument, CaseIterable {
    case buffer, process, exporter
  }

  @Argument(help: "Only these buffers.", completion: Reference.completion, transform: Reference.init)
  var references: [Reference] = []

  @Option(help: "One row for each buffer, process or exporter.")
  var by = Grouping.buffer

  @Option(help: "Only what this process holds; may be given again.")
  var pid: [Int32] = []

  @Option(help: "How many threads walk over /proc. Default: one per processor, at most four.")
  var threads = Census.defaultThreads

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard 1...64 ~= threads else {
      throw ValidationError("The value '\(threads)' is invalid for '--threads <threads>': from 1 to 64")
    }
    if let pid = pid.first(where: { $0 < 1 }) {
      throw ValidationError("The value '\(pid)' is invalid for '--pid <pid>': process ids are above 0")
    }
  }

  func run() throws {
    let inodes = try references.map { try $0.resolveInode() }
    let census = Census(processes: pid.isEmpty ? nil : pid, threads: threads)
    let report = StatReport(census, only: references.isEmpty ? nil : inodes, by: by)
    try report.print(asJSON: output.json)

    if let failure = census.failures[.procfs] { throw failure }
    for (reference, inode) in zip(references, inodes) where !report.buffers.contains(where: { $0.ino == inode }) {
      throw Failure("\(reference): no such buffer can be seen", hint: nil)
    }
    if let first = census.refused.first {
      throw Failure(
        "\(first)" + (census.refused.count > 1 ? ", and \(census.refused.count - 1) more like it" : ""),
        hint: "the list is not complete: " + Advice.unreadable(census.refused))
    }
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHost

/// Options that choose the buffers and processes of a census.
struct FilterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("List only buffers that process PID holds. Can be repeated.", valueName: "PID"))
  var pid: [Int32] = []

  @Option(help: ArgumentHelp("List only buffers that processes of this user hold.", valueName: "NAME|UID"))
  var user: String?

  @Option(
    help: ArgumentHelp(
      "List only buffers that processes of matching services or containers hold (*, ?, [...]).",
      valueName: "PATTERN"))
  var unit: String?

  @Option(help: ArgumentHelp("List only buffers of this exporter.", valueName: "NAME"))
  var exporter: String?

  @Option(help: ArgumentHelp("List only buffers whose name matches PATTERN (*, ?, [...]).", valueName: "PATTERN"))
  var name: String?

  @Option(help: ArgumentHelp("List only buffers of at least SIZE bytes (64K, 8M).", valueName: "SIZE"))
  var minSize: ByteSize?

  func validate() throws {
    if let pid = pid.first(where: { $0 < 1 }) {
      throw ValidationError("The value '\(pid)' is invalid for '--pid <PID>': process ids are above 0")
    }
  }
}

/// Options that choose the sources of a census.
struct SourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Read only SOURCE. Can be repeated. Default: the sources that do not stall allocations.",
      valueName: "SOURCE"))
  var source: [Census.Source] = []

  @Option(help: ArgumentHelp("Read /proc with N threads. Default: one per processor, at most 4.", valueName: "N"))
  var threads: Int?

  func validate() throws { try ValidationError.check(threads, of: "--threads <N>", in: 1...64) }
}

/// Options that choose the buffers, processes and sources of a census.
struct CensusOptions: ParsableArguments {
  @OptionGroup(title: "FILTERS") var filter: FilterOptions
  @OptionGroup(title: "SOURCES") var reading: SourceOptions

  /// The query for the library.
  func query(wantsAttachments: Bool) -> Census.Query {
    var query = Census.Query()
    query.processes = filter.pid.isEmpty ? nil : filter.pid
    query.sources = reading.source.isEmpty ? nil : Set(reading.source)
    query.wantsAttachments = wantsAttachments
    query.threads = reading.threads ?? Census.defaultThreads
    return query
  }

  /// The query for repeated censuses: iterators are loaded into the kernel only once.
  func repeatedQuery(wantsAttachments: Bool) throws -> Census.Query {
    var query = query(wantsAttachments: wantsAttachments)
    if reading.source.contains(.bpf) {
      query.iterators = try KernelIterators()
    } else if reading.source.isEmpty, filter.pid.isEmpty {
      query.iterators = KernelIterators.loadedWherePermitted()
    }
    query.mayLoadPrograms = false
    query.wantsReferences = false
    return query
  }

  /// The selection of buffers and processes to show.
  func selection() throws -> StatSelection {
    var selection = StatSelection()
    if let user = filter.user {
      guard let number = Users.number(of: user) else {
        throw Failure("cannot find user \(UntrustedText(user.utf8).escaped): /etc/passwd does not list it")
      }
      selection.user = number
    }
    selection.exporter = filter.exporter.map { UntrustedText($0.utf8) }
    selection.namePattern = filter.name
    selection.unitPattern = filter.unit
    selection.minimumSize = UInt64(filter.minSize?.bytes ?? 0)
    return selection
  }
}

extension Census.Source: Choice {}

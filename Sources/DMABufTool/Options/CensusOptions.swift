// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHost

/// Which buffers and processes a census shows, and where it looks.
struct CensusOptions: ParsableArguments {
  @Option(help: "Only what this process holds; may be given again.")
  var pid: [Int32] = []

  @Option(help: "Only what this user's processes hold, by name or number.")
  var user: String?

  @Option(help: "List only what processes of this service or container hold; a shell pattern (*, ?, […]).")
  var unit: String?

  @Option(help: "Only buffers of this exporter.")
  var exporter: String?

  @Option(help: "Only buffers whose name matches this pattern of the shell's (*, ?, […]).")
  var name: String?

  @Option(help: "Only buffers of at least this size (64K, 8M).")
  var minSize: ByteSize?

  @Option(
    help: "Look only here; may be given again. Default: the sources that answer without stalling the machine.")
  var source: [Census.Source] = []

  @Option(help: "How many threads walk over /proc. Default: one per processor, at most four.")
  var threads: Int?

  func validate() throws {
    try ValidationError.check(threads, of: "--threads <threads>", in: 1...64)
    if let pid = pid.first(where: { $0 < 1 }) {
      throw ValidationError("The value '\(pid)' is invalid for '--pid <pid>': process ids are above 0")
    }
  }

  /// What the library is to find out.
  func query(wantsAttachments: Bool) -> Census.Query {
    var query = Census.Query()
    query.processes = pid.isEmpty ? nil : pid
    query.sources = source.isEmpty ? nil : Set(source)
    query.wantsAttachments = wantsAttachments
    query.threads = threads ?? Census.defaultThreads
    return query
  }

  /// The same for repeated censuses: iterators in the kernel are loaded just once.
  func repeatedQuery(wantsAttachments: Bool) throws -> Census.Query {
    var query = query(wantsAttachments: wantsAttachments)
    if source.contains(.bpf) {
      query.iterators = try KernelIterators()
    } else if source.isEmpty, pid.isEmpty {
      query.iterators = KernelIterators.loadedWherePermitted()
    }
    query.mayLoadPrograms = false
    query.wantsReferences = false
    return query
  }

  /// Which of what was found is shown.
  func selection() throws -> StatSelection {
    var selection = StatSelection()
    if let user {
      guard let number = Users.number(of: user) else {
        throw Failure("\(UntrustedText(user.utf8).escaped): no such user is in /etc/passwd")
      }
      selection.user = number
    }
    selection.exporter = exporter.map { UntrustedText($0.utf8) }
    selection.namePattern = name
    selection.unitPattern = unit
    selection.minimumSize = UInt64(minSize?.bytes ?? 0)
    return selection
  }
}

extension Census.Source: Choice {}

import ArgumentParser
public import DMABuf

/// Which buffers and processes a census shows, and where it looks.
struct CensusOptions: ParsableArguments {
  @Option(help: "Only what this process holds; may be given again.")
  var pid: [Int32] = []

  @Option(help: "Only what this user's processes hold, by name or number.")
  var user: String?

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
    if let threads, !(1...64 ~= threads) {
      throw ValidationError("The value '\(threads)' is invalid for '--threads <threads>': from 1 to 64")
    }
    if let pid = pid.first(where: { $0 < 1 }) {
      throw ValidationError("The value '\(pid)' is invalid for '--pid <pid>': process ids are above 0")
    }
  }

  /// What the library is to find out.
  func request(wantsAttachments: Bool) -> Census.Request {
    var request = Census.Request()
    request.processes = pid.isEmpty ? nil : pid
    request.sources = source.isEmpty ? nil : Set(source)
    request.wantsAttachments = wantsAttachments
    request.threads = threads ?? Census.defaultThreads
    return request
  }

  /// The same for censuses that are taken again and again: iterators in the kernel are loaded just once.
  func repeatedRequest(wantsAttachments: Bool) throws -> Census.Request {
    var request = request(wantsAttachments: wantsAttachments)
    if source.contains(.bpf) {
      request.iterators = try KernelIterators()
    } else if source.isEmpty, pid.isEmpty {
      request.iterators = KernelIterators.loadedWherePermitted()
    }
    request.mayLoadPrograms = false
    return request
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
    selection.minimumSize = UInt64(minSize?.bytes ?? 0)
    return selection
  }
}

extension Census.Source: Choice {}

/// Which buffers of a census are meant.
struct StatSelection {
  /// Only these, if any are given.
  var inodes: [UInt64]?
  /// Only what processes of this user hold.
  var user: UInt32?
  var exporter: UntrustedText?
  var namePattern: String?
  var minimumSize: UInt64 = 0
  /// Only what no process holds.
  var isKernelHeld = false

  /// The buffer with the holders that are meant; `nil` if it is not meant at all.
  func select(_ buffer: Census.Buffer, processes: [Int32: Census.Process]) -> Census.Buffer? {
    if let inodes, !inodes.contains(buffer.inode) { return nil }
    if let exporter, buffer.exporter != exporter { return nil }
    if minimumSize > 0, buffer.size ?? 0 < minimumSize { return nil }
    if let namePattern, !(buffer.name.map { Glob.matches($0.string, namePattern) } ?? false) { return nil }
    if isKernelHeld, !buffer.holders.isEmpty { return nil }
    guard let user else { return buffer }
    var buffer = buffer
    buffer.holders = buffer.holders.filter { processes[$0.pid]?.user == user }
    return buffer.holders.isEmpty ? nil : buffer
  }

  func select(_ process: Census.Process) -> Bool { user == nil || process.user == user }
}

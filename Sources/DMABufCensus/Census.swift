// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// All visible dma-bufs of this machine, and the processes that hold them.
public struct Census: Sendable {
  /// All buffers, sorted by inode number.
  public private(set) var buffers: [Buffer] = []
  /// The processes that hold buffers or sync_files, by pid.
  public private(set) var processes: [Int32: Process] = [:]
  /// Processes whose files this user may not read.
  public private(set) var refused: [KernelError] = []
  /// The reason why `/proc` may not list all processes of the machine; `nil` if the list is complete.
  public private(set) var hidden: HiddenProcesses?
  /// The number of mappings, by process, that are named like a dma-buf but could not be verified. No other count
  /// includes them.
  public private(set) var unverified: [Int32: Int] = [:]
  /// Sources that were read completely or in part.
  public private(set) var used: Set<Source> = []
  /// Sources that could not be read, or not completely, with the reason.
  public private(set) var failures: [Source: CensusError] = [:]
  /// Sources that were not read, with the reason.
  public private(set) var omitted: [Source: Omission] = [:]
  /// Whether a source listed all buffers of the machine, with or without holders.
  public private(set) var listsAllBuffers = false
  /// Whether a source listed what processes hold.
  public private(set) var tellsOfProcesses = false
  /// Whether the census covers only some processes.
  public let isOfSomeProcesses: Bool
  /// Possible references other than descriptors and mappings; `nil` if they were not determined.
  public private(set) var otherReferences: OtherReferences?
  /// The time of the census, in nanoseconds of `CLOCK_REALTIME`.
  public let time: UInt64
  /// The id of this boot, from `/proc/sys/kernel/random/boot_id`. Inode numbers and process ids are valid for one boot
  /// only.
  public let boot: String?

  /// Takes the census.
  ///
  /// - Parameters:
  ///   - root: the directory that contains `proc` and `sys`; empty for this machine.
  ///   - processes: the only processes to read; `nil` for all. Kernel-wide sources are then not read.
  ///   - threads: the number of threads that read the processes.
  public init(root: String = "", processes: [Int32]? = nil, threads: Int = Census.defaultThreads) {
    var query = Query()
    query.processes = processes
    query.threads = threads
    query.mayLoadPrograms = false
    query.wantsReferences = false
    self.init(root: root, query)
  }

  /// Takes a census according to `query`.
  ///
  /// Sources that list all buffers of the machine are read first. They are read again at the end for buffers without a
  /// holder. So a buffer that was allocated or freed meanwhile does not appear as a buffer that no process holds.
  public init(root: String = "", _ query: Query) {
    time = Clock.realTime
    boot = SmallFile.text(root + "/proc/sys/kernel/random/boot_id")?.split(scalar: "\n").first.map(String.init)
    isOfSomeProcesses = query.processes != nil
    var join = CensusJoin(root: root)
    let iterators = iterators(root: root, query)
    let statistics = opened(.sysfs, query) { () throws(CensusError) in SysfsStatistics(root: root) }
    if let statistics { read(statistics, into: &join) }
    let iterated = iterators.flatMap { $0.listsBuffers ? IteratedBuffers(iterators: $0) : nil }
    if let iterated { read(iterated, into: &join) }
    var debug: DebugBuffers?
    if query.wantsAttachments || query.sources?.contains(.bufinfo) == true {
      debug = opened(.bufinfo, query) { () throws(CensusError) in try DebugBuffers(root: root) }
    }
    if let iterators, iterators.listsProcesses { read(IteratedProcesses(iterators: iterators), into: &join) }
    if asks(for: .procfs, query) {
      if used.contains(.bpf), iterators?.listsProcesses == true, query.sources == nil {
        omit(.procfs, .unneeded)
      } else {
        let tree = ProcessTree(
          root: root, processes: query.processes, threads: query.threads, memory: query.memory)
        read(tree, into: &join)
      }
    }
    if used.isEmpty, query.sources == nil, query.processes == nil, failures[.bufinfo] == nil {
      debug = opened(.bufinfo, query) { () throws(CensusError) in try DebugBuffers(root: root) }
    }
    // Read last: the names from the other sources show where a name ends in a row of bufinfo.
    if let debug {
      read(debug, into: &join)
    } else if asks(for: .bufinfo, query) {
      omit(.bufinfo, .costly)
    }
    if query.processes != nil {
      join.removeUnheld()
    } else {
      join.confirmUnheld(by: used.contains(.sysfs) ? statistics : iterated ?? debug)
    }
    let lists: [Source] = iterated == nil ? [.sysfs, .bufinfo] : [.sysfs, .bufinfo, .bpf]
    listsAllBuffers = lists.contains { used.contains($0) && failures[$0] == nil } && query.processes == nil
    tellsOfProcesses = used.contains(.procfs) || used.contains(.bpf) && iterators?.listsProcesses == true
    let seesTree = query.processes == nil && used.contains(.procfs)
    if seesTree, iterators?.listsProcesses != true { hidden = ProcessView.hidden(root: root) }
    join.describeProcesses()
    unverified = join.unverified
    buffers = (Array(join.buffers.values) + join.twins).sorted { $0.inode < $1.inode }
    if used.contains(.procfs) || used.contains(.bpf), query.wantsReferences ?? hasUnheldBuffers {
      let devices = Set(buffers.lazy.flatMap { $0.devices ?? [] })
      let walk = OtherReferencesWalk(root: root, devices: devices, processes: nil)
      otherReferences = walk.found
      for process in walk.processes { join.learn(process) }
    }
    processes = join.processes
    refused = join.refused
  }

  /// Whether all processes of the machine were read. Then a buffer without a holder is held by no process.
  public var seesAllProcesses: Bool {
    tellsOfProcesses && !isOfSomeProcesses && refused.isEmpty && hidden == nil && unverified.isEmpty
  }

  /// Whether there are buffers that no process holds, as far as this can be determined.
  private var hasUnheldBuffers: Bool { tellsOfProcesses && buffers.contains(where: \.holders.isEmpty) }

  private mutating func read(_ source: some CensusSource, into join: inout CensusJoin) {
    do throws(CensusError) {
      try source.add(to: &join)
      used.insert(source.source)
    } catch {
      failures[source.source] = error
      if source.isPartial(error) { used.insert(source.source) }
    }
  }

  /// The iterators to use. They are loaded if requested, or if they are worth the time.
  private mutating func iterators(root: String, _ query: Query) -> KernelIterators? {
    if let iterators = query.iterators { return iterators }
    let isDemanded = query.sources?.contains(.bpf) == true
    guard asks(for: .bpf, query) else { return nil }
    if isDemanded { return opened(.bpf, query) { () throws(CensusError) in try KernelIterators() } }
    if query.processes != nil {
      omit(.bpf, .machineWide)
      return nil
    }
    let fitness = KernelIterators.Fitness(root: root)
    guard fitness.isPermitted else {
      omit(.bpf, .privileged)
      return nil
    }
    guard query.mayLoadPrograms, fitness.isWorthLoading else {
      omit(.bpf, .unneeded)
      return nil
    }
    return opened(.bpf, query) { () throws(CensusError) in
      try KernelIterators(wantsProcesses: fitness.isFasterForProcesses)
    }
  }

  private mutating func opened<List>(
    _ source: Source, _ query: Query, _ open: () throws(CensusError) -> List
  ) -> List? {
    guard asks(for: source, query) else { return nil }
    guard query.processes == nil || query.sources != nil || query.wantsAttachments else {
      omit(source, .machineWide)
      return nil
    }
    do throws(CensusError) {
      return try open()
    } catch {
      failures[source] = error
      return nil
    }
  }

  private mutating func asks(for source: Source, _ query: Query) -> Bool {
    guard let sources = query.sources, !sources.contains(source) else { return true }
    omit(source, .notRequested)
    return false
  }

  private mutating func omit(_ source: Source, _ reason: Omission) {
    if failures[source] == nil, omitted[source] == nil { omitted[source] = reason }
  }

  /// One thread per processor, at most four: more threads only wait for locks of the kernel.
  public static let defaultThreads = min(4, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
}

import Glibc
import SystemPackage

/// Every dma-buf that can be seen on this machine, and the processes that hold it.
public struct Census: Sendable {
  /// All buffers, by inode.
  public private(set) var buffers: [Buffer] = []
  /// The processes that hold buffers or sync_files, by pid.
  public private(set) var processes: [Int32: Process] = [:]
  /// Processes whose files this user may not look at.
  public private(set) var refused: [KernelError] = []
  /// Why `/proc` may lack processes of the machine; `nil` if it lacks none.
  public private(set) var hidden: HiddenProcesses?
  /// Mappings that are called like a dma-buf's and could not be verified, by process. They count nowhere.
  public private(set) var unverified: [Int32: Int] = [:]
  /// Sources that were read, if not wholly then in part.
  public private(set) var used: Set<Source> = []
  /// Sources that could not be read, or not to their end, and why.
  public private(set) var failures: [Source: KernelError] = [:]
  /// Sources that were left alone, and why.
  public private(set) var omitted: [Source: Omission] = [:]
  /// Were all buffers of the machine listed, whoever holds them?
  public private(set) var listsAllBuffers = false
  /// Was it told what processes hold?
  public private(set) var tellsOfProcesses = false
  /// Was it asked for some processes only?
  public let isOfSomeProcesses: Bool
  /// What is known of references that are neither descriptors nor mappings; `nil` if that was not looked at.
  public private(set) var otherReferences: OtherReferences?
  /// When it was taken, in nanoseconds of `CLOCK_REALTIME`.
  public let time: UInt64
  /// The id of this run of the machine, from `/proc/sys/kernel/random/boot_id`: inode numbers and process ids
  /// of another mean other things.
  public let boot: String?

  /// Takes the census.
  ///
  /// - Parameters:
  ///   - root: where `/proc` and `/sys` are; empty for this machine's.
  ///   - processes: the only processes to look at; `nil` for all. Kernel-wide sources are then left out.
  ///   - threads: how many threads walk over the processes.
  public init(root: String = "", processes: [Int32]? = nil, threads: Int = Census.defaultThreads) {
    var request = Request()
    request.processes = processes
    request.threads = threads
    request.mayLoadPrograms = false
    request.wantsReferences = false
    self.init(root: root, request)
  }

  /// Takes the census that `request` asks for.
  ///
  /// Sources that list all buffers of the machine are read first and, as to buffers that nobody turns
  /// out to hold, once more at the end: a buffer that came or went meanwhile is not taken for one that
  /// the kernel alone holds.
  public init(root: String = "", _ request: Request) {
    time = Clock.realTime
    boot = SmallFile.text(root + "/proc/sys/kernel/random/boot_id")?.split(scalar: "\n").first.map(String.init)
    isOfSomeProcesses = request.processes != nil
    var join = CensusJoin(root: root)
    let iterators = iterators(root: root, request)
    let statistics = opened(.sysfs, request) { () throws(KernelError) in SysfsStatistics(root: root) }
    if let statistics { read(statistics, into: &join) }
    let iterated = iterators.flatMap { $0.listsBuffers ? IteratedBuffers(iterators: $0) : nil }
    if let iterated { read(iterated, into: &join) }
    var debug: DebugBuffers?
    if request.wantsAttachments || request.sources?.contains(.bufinfo) == true {
      debug = opened(.bufinfo, request) { () throws(KernelError) in try DebugBuffers(root: root) }
    }
    if let iterators, iterators.listsProcesses { read(IteratedProcesses(iterators: iterators), into: &join) }
    if asks(for: .procfs, request) {
      if used.contains(.bpf), iterators?.listsProcesses == true, request.sources == nil {
        leaveOut(.procfs, .unneeded)
      } else {
        let tree = ProcessTree(
          root: root, processes: request.processes, threads: request.threads, memory: request.memory)
        read(tree, into: &join)
      }
    }
    if used.isEmpty, request.sources == nil, request.processes == nil, failures[.bufinfo] == nil {
      debug = opened(.bufinfo, request) { () throws(KernelError) in try DebugBuffers(root: root) }
    }
    // After the others, which tell the names that end its rows.
    if let debug {
      read(debug, into: &join)
    } else if asks(for: .bufinfo, request) {
      leaveOut(.bufinfo, .costly)
    }
    if request.processes != nil {
      join.removeUnheld()
    } else {
      join.confirmUnheld(by: used.contains(.sysfs) ? statistics : iterated ?? debug)
    }
    let lists: [Source] = iterated == nil ? [.sysfs, .bufinfo] : [.sysfs, .bufinfo, .bpf]
    listsAllBuffers = lists.contains { used.contains($0) && failures[$0] == nil } && request.processes == nil
    tellsOfProcesses = used.contains(.procfs) || used.contains(.bpf) && iterators?.listsProcesses == true
    let seesTree = request.processes == nil && used.contains(.procfs)
    if seesTree, iterators?.listsProcesses != true { hidden = ProcessView.hidden(root: root) }
    join.describeProcesses()
    unverified = join.unverified
    buffers = (Array(join.buffers.values) + join.twins).sorted { $0.inode < $1.inode }
    if used.contains(.procfs) || used.contains(.bpf), request.wantsReferences ?? hasUnheldBuffers {
      let devices = Set(buffers.lazy.flatMap { $0.devices ?? [] })
      let walk = OtherReferencesWalk(root: root, devices: devices, processes: nil)
      otherReferences = walk.found
      for process in walk.processes { join.learn(process) }
    }
    processes = join.processes
    refused = join.refused
  }

  /// Were all processes of the machine looked at? Then a buffer without a holder is held by no process.
  public var seesAllProcesses: Bool {
    tellsOfProcesses && !isOfSomeProcesses && refused.isEmpty && hidden == nil && unverified.isEmpty
  }

  /// Are there buffers that no process holds, as far as that can be told?
  private var hasUnheldBuffers: Bool { tellsOfProcesses && buffers.contains(where: \.holders.isEmpty) }

  private mutating func read(_ source: some CensusSource, into join: inout CensusJoin) {
    do throws(KernelError) {
      try source.add(to: &join)
      used.insert(source.source)
    } catch {
      failures[source.source] = error
      if source.isPartial(error) { used.insert(source.source) }
    }
  }

  /// The iterators to use, loaded if they are asked for or pay.
  private mutating func iterators(root: String, _ request: Request) -> KernelIterators? {
    if let iterators = request.iterators { return iterators }
    let isDemanded = request.sources?.contains(.bpf) == true
    guard asks(for: .bpf, request) else { return nil }
    if isDemanded { return opened(.bpf, request) { () throws(KernelError) in try KernelIterators() } }
    if request.processes != nil {
      leaveOut(.bpf, .machineWide)
      return nil
    }
    let fitness = KernelIterators.Fitness(root: root)
    guard fitness.isPermitted else {
      leaveOut(.bpf, .privileged)
      return nil
    }
    guard request.mayLoadPrograms, fitness.isWorthLoading else {
      leaveOut(.bpf, .unneeded)
      return nil
    }
    return opened(.bpf, request) { () throws(KernelError) in
      try KernelIterators(wantsProcesses: fitness.isFasterForProcesses)
    }
  }

  private mutating func opened<List>(
    _ source: Source, _ request: Request, _ open: () throws(KernelError) -> List
  ) -> List? {
    guard asks(for: source, request) else { return nil }
    guard request.processes == nil || request.sources != nil || request.wantsAttachments else {
      leaveOut(source, .machineWide)
      return nil
    }
    do throws(KernelError) {
      return try open()
    } catch {
      failures[source] = error
      return nil
    }
  }

  private mutating func asks(for source: Source, _ request: Request) -> Bool {
    guard let sources = request.sources, !sources.contains(source) else { return true }
    leaveOut(source, .notRequested)
    return false
  }

  private mutating func leaveOut(_ source: Source, _ reason: Omission) {
    if failures[source] == nil, omitted[source] == nil { omitted[source] = reason }
  }

  /// One thread per processor, four at most: the kernel's locks gain nothing from more.
  public static let defaultThreads = min(4, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
}

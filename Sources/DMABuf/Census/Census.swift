internal import CDMABuf
import Glibc
import SystemPackage

/// Every dma-buf that can be seen on this machine, and the processes that hold it.
public struct Census: Sendable {
  /// A process's share in a buffer.
  public struct Holder: Equatable, Sendable {
    /// Process id, in the reader's pid namespace.
    public let pid: Int32
    /// Its descriptors for the buffer, ascending.
    public var descriptors: [Int32] = []
    /// How many times the buffer, or a part of it, is mapped.
    public var mappings = 0
  }

  /// One buffer.
  public struct Buffer: Equatable, Sendable {
    /// Inode number: unique among the dma-bufs of a boot, never used again.
    public let inode: UInt64
    /// Size in bytes.
    public var size: UInt64?
    /// Exporter's name.
    public var exporter: UntrustedText?
    /// The name somebody gave it.
    public var name: UntrustedText?
    /// References to the open file; known while some readable process has a descriptor.
    public var count: UInt64?
    /// Processes that hold it, by pid.
    public var holders: [Holder] = []
    /// Which sources have listed it.
    public var sources: Set<Source> = []
  }

  /// Where facts come from.
  public enum Source: String, CaseIterable, Sendable {
    /// `/proc/PID/{fd,fdinfo,maps}`: what processes hold.
    case procfs
    /// `/sys/kernel/dmabuf/buffers`: all buffers, where the kernel has it.
    case sysfs
  }

  /// All buffers, by inode.
  public private(set) var buffers: [Buffer] = []
  /// Names of the processes that hold any, by pid.
  public private(set) var commands: [Int32: UntrustedText] = [:]
  /// Processes whose files this user may not look at.
  public private(set) var refused: [KernelError] = []
  /// Sources that were read.
  public private(set) var used: Set<Source> = []
  /// Sources that could not be read at all, and why.
  public private(set) var failures: [Source: KernelError] = [:]

  /// Takes the census.
  ///
  /// - Parameters:
  ///   - root: where `/proc` and `/sys` are; empty for this machine's.
  ///   - processes: the only processes to look at; `nil` for all. Kernel-wide sources are then left out.
  ///   - threads: how many threads walk over the processes.
  public init(root: String = "", processes: [Int32]? = nil, threads: Int = Census.defaultThreads) {
    var joined = CensusJoin(proc: root + "/proc")
    do throws(KernelError) {
      let pids = if let processes { processes } else { try Self.allProcesses(root: root) }
      joined.add(Self.walk(pids, proc: root + "/proc", threads: threads))
      if let processes, let missing = processes.first(where: { !joined.exists($0) }) {
        throw KernelError("open", on: "\(root)/proc/\(missing)", errno: .noSuchProcess)
      }
      used.insert(.procfs)
    } catch {
      failures[.procfs] = error
    }
    if processes == nil {
      do throws(KernelError) {
        joined.add(try SysfsStatistics.buffers(root: root))
        used.insert(.sysfs)
      } catch {
        failures[.sysfs] = error
      }
    }
    buffers = joined.buffers.values.sorted { $0.inode < $1.inode }
    refused = joined.refused
    for pid in Set(buffers.flatMap { $0.holders.map(\.pid) }) {
      commands[pid] = joined.command(of: pid)
    }
  }

  /// One thread per processor, four at most: the kernel's locks gain nothing from more.
  public static let defaultThreads = min(4, sysconf(CInt(_SC_NPROCESSORS_ONLN)))

  private static func allProcesses(root: String) throws(KernelError) -> [Int32] {
    try Directory(root + "/proc").names().compactMap { Int32($0) }
  }

  private static func walk(_ pids: [Int32], proc: String, threads: Int) -> [ProcessFiles] {
    let turnstile = Turnstile(limit: pids.count)
    let walks = ParallelWalks((0..<max(1, min(threads, pids.count))).map { _ in ProcessFiles(proc: proc) })
    inParallel(walks.each.count) { index in
      while let turn = turnstile.take() { walks.each[index].visit(pids[turn]) }
    }
    return walks.each
  }

  /// Each element is used by one thread alone, and looked at when all have ended.
  private struct ParallelWalks: @unchecked Sendable {
    let each: [ProcessFiles]
    init(_ each: [ProcessFiles]) { self.each = each }
  }
}

// SPDX-License-Identifier: MIT
internal import CTrace
public import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// Events of tracefs, where BPF programs cannot be loaded. Dynamic events on the functions of dma-bufs need the kernel's
/// types (BTF) and `CONFIG_KPROBE_EVENTS` or `CONFIG_FPROBE_EVENTS`. Without them only the kernel's own tracepoints are
/// seen: of fences, and since Linux 7.1 of buffers.
///
/// The events are read from a trace instance of this process. A child process removes the instance and the dynamic
/// events if this process is killed. They need write access to tracefs, which root has.
///
/// Corresponds to `Documentation/trace/ftrace.rst` and `Documentation/trace/kprobetrace.rst`.
public final class TracefsTracer: TraceSource {
  /// What the events are of.
  public enum Scope: Sendable {
    /// Functions of the kernel, and fences.
    case functions
    /// The tracepoints of buffers with these steps, and fences. The reason is the absence of types or of dynamic events.
    case tracepoints([TraceEvent.Step], reason: Reason)
  }

  /// The reason why no functions are traced.
  public enum Reason: Sendable {
    /// The kernel does not describe its types (`CONFIG_DEBUG_INFO_BTF`).
    case noTypes
    /// The kernel has neither events of kprobes nor of fprobes.
    case noDynamicEvents
  }

  /// What the events of this trace are of.
  public let scope: Scope

  /// The functions of the kernel that cannot be watched, if functions are.
  public let missing: [String]

  private let names: TracefsNames
  private var ring: TracefsRing?
  private let watcher: TracefsWatcher
  private let kinds: [UInt16: EventKind]
  private var decoder: RecordDecoder
  private var history = TraceHistory()

  /// Creates the instance and enables the events. `bufferSize` is the size of all ring buffers together in bytes. With
  /// `forks`, there are events of processes that fork.
  ///
  /// No other thread may run. Throws `ENOENT` on the mount point if tracefs is not mounted, `EACCES` if this user may
  /// not write there, `ENOTSUP` outside of the initial pid namespace, whose process ids the events have.
  public init(bufferSize: Int = 8 << 20, forks: Bool = false) throws(KernelError) {
    try Self.demandInstances()
    TracefsNames.removeStale()
    names = TracefsNames()
    watcher = try TracefsWatcher(names)
    do throws(KernelError) {
      let ring = try TracefsRing(instance: names.instance, size: bufferSize)
      var events = TracefsEvents(names)
      scope = events.define()
      kinds = events.enable()
      missing = events.missing
      // Events report what changes after this.
      decoder = RecordDecoder(
        threads: ThreadTable(), reportsForks: forks, epollQueue: KernelSymbols.address(of: "ep_ptable_queue_proc"))
      self.ring = ring
    } catch {
      names.remove()
      throw error
    }
  }

  /// Checks that a trace would start. Returns the reason if it would have no functions. Throws as
  /// ``init(bufferSize:forks:)`` does.
  public static func probe() throws(KernelError) -> Reason? {
    try demandInstances()
    if unsafe access(Tracer.types, R_OK) != 0 { return .noTypes }
    return TracefsEvents.hasDynamicEvents ? nil : .noDynamicEvents
  }

  private static func demandInstances() throws(KernelError) {
    let instances = Tracefs.directory + "/instances"
    // Reading the directory fails with the best error.
    _ = try Directory(instances)
    guard unsafe access(instances, W_OK) == 0 else { throw KernelError(.mkdir, on: instances) }
    guard Tracer.pidNamespace.inode == 0 else { throw KernelError(.open, on: instances, errno: .notSupported) }
  }

  deinit {
    // The instance can be removed once its files are closed.
    ring = nil
    names.remove()
  }

  /// Events without room in a ring buffer, and calls whose return was not reported.
  public var lost: UInt64 { (ring?.lost ?? 0) + decoder.lost }

  /// Corresponds to `poll(2)` and `read(2)` on `trace_pipe_raw`.
  public func next() throws(KernelError) -> [TraceRecord] {
    var records: [TraceRecord] = []
    for record in try ring?.next(kinds) ?? [] {
      decoder.decode(record) { event in
        let (event, stall) = history.complete(RawEvent(event))
        if let stall { records.append(.stall(stall)) }
        if let event { records.append(.event(event)) }
      }
    }
    return records
  }

  /// Polls that may have ended are left out.
  public func unfinishedWaits() -> [Stall] {
    history.unfinishedWaits(at: Clock.now).filter { stall in
      if case .poll = stall.call { !decoder.hasLeftPoll(stall.process.tid) } else { true }
    }
  }

  /// Whether tracefs may work where ``Tracer`` failed with `error`. `EINVAL` is of kernels that do not know a kind of
  /// program.
  public static func replacesTracer(after error: KernelError) -> Bool {
    switch error.errno {
    case .notPermitted, .permissionDenied, .noSuchFileOrDirectory, .notSupported, .noFunction, .invalidArgument: true
    default: false
    }
  }
}

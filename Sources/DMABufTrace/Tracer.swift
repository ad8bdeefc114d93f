// SPDX-License-Identifier: MIT
internal import CLibBPF
internal import CTrace
public import DMABuf
import Glibc
import SystemPackage

/// BPF programs on the functions of dma-bufs and the tracepoints of fences. Each step of the machine is an event.
///
/// They need BTF, tracefs, and root or `CAP_BPF` and `CAP_PERFMON`. The kernel removes the programs when the tracer, or
/// the process, ends.
///
/// Corresponds to `drivers/dma-buf/*.c` and `include/trace/events/dma_fence.h`.
@safe public final class Tracer: TraceSource {
  /// The kernel's types, which the programs are fitted to.
  public static let types = "/sys/kernel/btf/vmlinux"

  private let programs: TracePrograms
  private let ring: OpaquePointer
  private let inbox = Inbox()

  /// Where the callback of libbpf puts events.
  private final class Inbox {
    var records: [TraceRecord] = []
    var history = TraceHistory()

    func receive(_ raw: RawEvent) {
      let (event, stall) = history.complete(raw)
      if let stall { records.append(.stall(stall)) }
      if let event { records.append(.event(event)) }
    }
  }

  /// Loads and attaches the programs. `bufferSize` is the size of the ring buffer in bytes, rounded up to a power of two
  /// of at least one page. With `forks`, there are events of processes that fork. With `stacks`, exports have the user's
  /// stack.
  ///
  /// Throws `ENOENT` on ``types`` if the kernel has no BTF, `EPERM` if this user may not load programs.
  public init(bufferSize: Int = 8 << 20, forks: Bool = false, stacks: Bool = false) throws(KernelError) {
    guard unsafe access(Self.types, R_OK) == 0 else { throw KernelError(.open, on: Self.types) }
    var settings = cdmabuf_trace_settings()
    (settings.tracer, settings.forks, settings.stacks) = (getpid(), forks ? 1 : 0, stacks ? 1 : 0)
    (settings.namespace_device, settings.namespace_inode) = Self.pidNamespace
    programs = try TracePrograms(bufferSize: bufferSize, settings: settings)
    let receive: ring_buffer_sample_fn = { context, data, size in
      guard let context = unsafe context, let data = unsafe data,
        let event = unsafe RawEvent(UnsafeRawBufferPointer(start: data, count: size))
      else { return 0 }
      unsafe Unmanaged<Inbox>.fromOpaque(context).takeUnretainedValue().receive(event)
      return 0
    }
    let context = unsafe Unmanaged.passUnretained(inbox).toOpaque()
    guard let ring = unsafe ring_buffer__new(programs.events, receive, context, nil) else {
      throw KernelError(.BPF_MAP_CREATE, on: "bpf")
    }
    unsafe self.ring = ring
  }

  deinit { unsafe ring_buffer__free(ring) }

  /// Checks that a trace would start: loads a program that does nothing, and removes it. Throws as
  /// ``init(bufferSize:forks:stacks:)`` does.
  public static func probe() throws(KernelError) {
    guard unsafe access(types, R_OK) == 0 else { throw KernelError(.open, on: types) }
    clibbpf_print_nothing()
    // r0 = 0; exit
    var (result, end) = (bpf_insn(), bpf_insn())
    (result.code, end.code) = (UInt8(BPF_ALU64 | BPF_MOV | BPF_K), UInt8(BPF_JMP | BPF_EXIT))
    let program = unsafe [result, end].withUnsafeBufferPointer { instructions in
      unsafe bpf_prog_load(BPF_PROG_TYPE_KPROBE, nil, "GPL", instructions.baseAddress, instructions.count, nil)
    }
    guard program >= 0 else { throw KernelError(.BPF_PROG_LOAD, on: "bpf", errno: Errno(rawValue: -program)) }
    close(program)
  }

  /// The functions and tracepoints of the kernel without a probe.
  public var missing: [String] { programs.missing }

  /// The number of events that found no room in the ring buffer.
  public var lost: UInt64 { programs.lost }

  /// Waits at most 100 ms, or until an eighth of the ring buffer is full.
  ///
  /// Corresponds to `epoll_wait(2)` on the ring buffer.
  public func next() throws(KernelError) -> [TraceRecord] {
    let result = unsafe ring_buffer__poll(ring, 100)
    // Most events wake nobody.
    if result == 0 { _ = unsafe ring_buffer__consume(ring) }
    let records = inbox.records
    inbox.records.removeAll(keepingCapacity: true)
    guard result >= 0 || result == -EINTR else {
      throw KernelError(.epoll_wait, on: "bpf", errno: Errno(rawValue: -result))
    }
    return records
  }

  /// The waits that have not ended, the longest first.
  public func unfinishedWaits() -> [Stall] { inbox.history.unfinishedWaits(at: Clock.now) }

  /// The pid namespace of this process; 0 for the initial one.
  static var pidNamespace: (device: UInt64, inode: UInt64) {
    // PROC_PID_INIT_INO of the kernel.
    let initial: UInt64 = 0xEFFF_FFFC
    var status = stat()
    guard unsafe stat("/proc/self/ns/pid", &status) == 0, status.st_ino != initial else { return (0, 0) }
    return (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}

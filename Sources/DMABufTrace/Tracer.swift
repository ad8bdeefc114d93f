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
  /// The kernel's functions and tracepoints that the programs could not be attached to: their steps are not seen.
  public let missing: [String]

  private let object: OpaquePointer
  private var links = unsafe [OpaquePointer]()
  private let ring: OpaquePointer
  private let inbox: Inbox
  private let lostEvents: UnsafePointer<UInt64>?

  /// Where the callback of libbpf puts events.
  private final class Inbox {
    var records: [TraceRecord] = []
    var history = TraceHistory()

    func receive(_ raw: RawEvent) {
      let (event, stalls) = history.complete(raw)
      records += stalls.map { .stall($0) }
      if let event { records.append(.event(event)) }
    }
  }

  /// Loads and attaches the programs. `bufferSize` is the size of the ring buffer in bytes, rounded up to a power of two
  /// of at least one page. With `descendantsOf`, the steps of processes include `fork`.
  ///
  /// Throws `ENOENT` on ``types`` if the kernel has no BTF, `EPERM` if this user may not load programs.
  public init(bufferSize: Int = 8 << 20, descendantsOf root: Int32? = nil) throws(KernelError) {
    guard unsafe access(Self.types, R_OK) == 0 else { throw KernelError(.open, on: Self.types) }
    _ = unsafe libbpf_set_print(nil)
    let (object, missing) = try unsafe Self.load(bufferSize: bufferSize, root: root)
    var unattached = missing
    do throws(KernelError) {
      let inbox = Inbox()
      let map = unsafe bpf_object__find_map_fd_by_name(object, "events")
      let receive: ring_buffer_sample_fn = { context, data, size in
        guard let context = unsafe context, let data = unsafe data, size >= MemoryLayout<cdmabuf_event>.size else {
          return 0
        }
        unsafe Unmanaged<Inbox>.fromOpaque(context).takeUnretainedValue()
          .receive(RawEvent(data.loadUnaligned(as: cdmabuf_event.self)))
        return 0
      }
      guard let ring = unsafe ring_buffer__new(map, receive, Unmanaged.passUnretained(inbox).toOpaque(), nil) else {
        throw KernelError(.BPF_MAP_CREATE, on: "bpf")
      }
      var links = unsafe [OpaquePointer]()
      var program = unsafe bpf_object__next_program(object, nil)
      while let current = unsafe program {
        if unsafe bpf_program__autoload(current) {
          if let link = unsafe bpf_program__attach(current) {
            unsafe links.append(link)
          } else {
            unattached.append(unsafe Self.section(of: current).function)
          }
        }
        unsafe program = bpf_object__next_program(object, current)
      }
      unsafe self.object = object
      unsafe self.ring = ring
      unsafe self.links = links
      self.inbox = inbox
      self.missing = unattached
      unsafe lostEvents = Self.counter(of: object)
    } catch {
      unsafe bpf_object__close(object)
      throw error
    }
  }

  deinit {
    unsafe ring_buffer__free(ring)
    for unsafe link in unsafe links { _ = unsafe bpf_link__destroy(link) }
    unsafe bpf_object__close(object)
  }

  /// The kernel's types, which the programs are fitted to.
  public static let types = "/sys/kernel/btf/vmlinux"

  /// The number of events that did not fit into the ring buffer.
  public var lost: UInt64 { unsafe lostEvents?.pointee ?? 0 }

  /// Waits at most 100 ms for events. Returns them, and the waits that have ended, in the order of the kernel.
  ///
  /// Corresponds to `epoll_wait(2)` on the ring buffer. A signal ends the wait early.
  public func next() throws(KernelError) -> [TraceRecord] {
    let result = unsafe ring_buffer__poll(ring, 100)
    let now = Clock.now
    let waits = inbox.history.endedWaits(before: now > 100_000_000 ? now - 100_000_000 : 0)
    let records = inbox.records + waits.map { .stall($0) }
    inbox.records.removeAll(keepingCapacity: true)
    guard result >= 0 || result == -EINTR else {
      throw KernelError(.epoll_wait, on: "bpf", errno: Errno(rawValue: -result))
    }
    return records
  }

  // MARK: Loading

  /// Loads all programs. Where the kernel refuses, loads those whose functions it has: reading its types to find out
  /// takes as long as loading.
  private static func load(
    bufferSize: Int, root: Int32?
  ) throws(KernelError) -> (object: OpaquePointer, missing: [String]) {
    var missing: [String] = []
    for isLast in [false, true] {
      guard let object = unsafe bpf_object__open_mem(cdmabuf_trace_object, cdmabuf_trace_object_size, nil) else {
        throw KernelError(.bpf_object__open, on: "bpf")
      }
      if isLast { missing = unsafe leaveOutMissing(of: object) }
      try unsafe prepare(object, bufferSize: bufferSize, root: root)
      let result = unsafe bpf_object__load(object)
      if result == 0 { return unsafe (object, missing) }
      unsafe bpf_object__close(object)
      if isLast { throw KernelError(.BPF_PROG_LOAD, on: "bpf", errno: Errno(rawValue: -result)) }
    }
    fatalError("the second attempt returns or throws")
  }

  /// Switches off the programs whose functions this kernel does not have, and returns their names.
  private static func leaveOutMissing(of object: OpaquePointer) -> [String] {
    var missing: [String] = []
    let types = unsafe btf__load_vmlinux_btf()
    defer { unsafe btf__free(types) }
    var program = unsafe bpf_object__next_program(object, nil)
    while let current = unsafe program {
      let section = unsafe section(of: current)
      let wanted: (name: String, kind: Int)? =
        switch section.kind {
        case "fentry", "fexit": (section.function, BTF_KIND_FUNC)
        case "tp_btf": ("btf_trace_" + section.function, BTF_KIND_TYPEDEF)
        default: nil
        }
      if let wanted, unsafe btf__find_by_name_kind(types, wanted.name, UInt32(wanted.kind)) < 0 {
        _ = unsafe bpf_program__set_autoload(current, false)
        if !missing.contains(section.function) { missing.append(section.function) }
      }
      unsafe program = bpf_object__next_program(object, current)
    }
    return missing
  }

  /// The kind and function of a section's name: `fentry/dma_buf_detach`.
  private static func section(of program: OpaquePointer) -> (kind: String, function: String) {
    let name = unsafe String(cString: bpf_program__section_name(program))
    let parts = name.split(scalar: "/")
    return (String(parts.first ?? ""), String(parts.last ?? ""))
  }

  /// Sets what the programs read: the size of the ring buffer, and the process to pass over.
  private static func prepare(_ object: OpaquePointer, bufferSize: Int, root: Int32?) throws(KernelError) {
    let map = unsafe bpf_object__find_map_by_name(object, "events")
    var size = 4096
    while size < bufferSize { size *= 2 }
    guard unsafe bpf_map__set_max_entries(map, UInt32(clamping: size)) == 0 else {
      throw KernelError(.BPF_MAP_CREATE, on: "bpf")
    }
    let constants = unsafe bpf_object__find_map_by_name(object, ".rodata")
    let processes: [Int32] = [getpid(), root ?? 0]
    let result = unsafe processes.withUnsafeBytes { bytes in
      unsafe bpf_map__set_initial_value(constants, bytes.baseAddress, bytes.count)
    }
    guard result == 0 else { throw KernelError(.bpf_object__open, on: "bpf", errno: Errno(rawValue: -result)) }
  }

  /// The counter of lost events, which the loaded programs share with this process.
  private static func counter(of object: OpaquePointer) -> UnsafePointer<UInt64>? {
    var length = 0
    let variables = unsafe bpf_object__find_map_by_name(object, ".bss")
    guard let value = unsafe bpf_map__initial_value(variables, &length), length >= 8 else { return nil }
    return unsafe UnsafePointer(value.assumingMemoryBound(to: UInt64.self))
  }
}

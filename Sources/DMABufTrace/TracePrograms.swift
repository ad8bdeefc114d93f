// SPDX-License-Identifier: MIT
internal import CLibBPF
internal import CTrace
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// The loaded BPF programs of a trace, and their probes. The kernel removes both when this object is released, or the
/// process ends.
@safe final class TracePrograms {
  /// The functions and tracepoints without a probe.
  private(set) var missing: [String] = []

  private let object: OpaquePointer
  private var links = unsafe [OpaquePointer]()

  init(bufferSize: Int, settings: cdmabuf_trace_settings) throws(KernelError) {
    _ = unsafe libbpf_set_print(nil)
    guard let object = unsafe bpf_object__open_mem(cdmabuf_trace_object, cdmabuf_trace_object_size, nil) else {
      throw KernelError(.bpf_object__open, on: "bpf")
    }
    unsafe self.object = object
    try prepare(bufferSize: bufferSize, settings: settings)
    let result = unsafe bpf_object__load(object)
    guard result == 0 else { throw KernelError(.BPF_PROG_LOAD, on: "bpf", errno: Errno(rawValue: -result)) }
    attachTracepoints()
    attach(TracedFunction.all(of: .running).filter { !$0.isInModule })
    // Without the module there are no calls.
    if unsafe access("/sys/module/drm", F_OK) == 0 { attach(TracedFunction.all.filter(\.isInModule)) }
  }

  deinit {
    for unsafe link in unsafe links { _ = unsafe bpf_link__destroy(link) }
    unsafe bpf_object__close(object)
  }

  /// The descriptor of the ring buffer.
  var events: CInt { unsafe bpf_object__find_map_fd_by_name(object, "events") }

  /// The number of lost events, in memory that the programs write.
  var lost: UnsafePointer<UInt64>? {
    var length = 0
    let variables = unsafe bpf_object__find_map_by_name(object, ".bss")
    guard let value = unsafe bpf_map__initial_value(variables, &length), length >= 8 else { return nil }
    return unsafe UnsafePointer(value.assumingMemoryBound(to: UInt64.self))
  }

  private func prepare(bufferSize: Int, settings: cdmabuf_trace_settings) throws(KernelError) {
    let map = unsafe bpf_object__find_map_by_name(object, "events")
    var size = 4096
    while size < bufferSize { size *= 2 }
    guard unsafe bpf_map__set_max_entries(map, UInt32(clamping: size)) == 0 else {
      throw KernelError(.BPF_MAP_CREATE, on: "bpf")
    }
    var length = 0
    let constants = unsafe bpf_object__find_map_by_name(object, ".rodata")
    guard let value = unsafe bpf_map__initial_value(constants, &length),
      length >= MemoryLayout<cdmabuf_trace_settings>.size
    else { throw KernelError(.bpf_object__open, on: "bpf") }
    var bytes = unsafe Array(UnsafeRawBufferPointer(start: value, count: length))
    unsafe withUnsafeBytes(of: settings) { unsafe bytes.replaceSubrange(0..<$0.count, with: $0) }
    let result = unsafe bytes.withUnsafeBytes { unsafe bpf_map__set_initial_value(constants, $0.baseAddress, length) }
    guard result == 0 else { throw KernelError(.bpf_object__open, on: "bpf", errno: Errno(rawValue: -result)) }
  }

  // MARK: Probes

  private func add(_ link: OpaquePointer?, for name: String) {
    if let link = unsafe link {
      unsafe links.append(link)
    } else if !missing.contains(name) {
      missing.append(name)
    }
  }

  private func attachTracepoints() {
    for name in ["sched_process_fork", "sched_process_exec", "dma_fence_signaled"] {
      let program = name == "dma_fence_signaled" ? "fence_failed" : String(name.split(scalar: "_").last ?? "")
      unsafe add(bpf_program__attach(bpf_object__find_program_by_name(object, "trace_" + program)), for: name)
    }
    let program = unsafe bpf_object__find_program_by_name(object, "trace_fence")
    for (name, kind) in TracedFunction.fences {
      var options = bpf_tracepoint_opts()
      options.sz = MemoryLayout<bpf_tracepoint_opts>.size
      options.bpf_cookie = UInt64(kind.rawValue)
      unsafe add(bpf_program__attach_tracepoint_opts(program, "dma_fence", name, &options), for: name)
    }
  }

  /// Attaches to all functions at once. Where the kernel refuses, to each that it has.
  private func attach(_ functions: [TracedFunction]) {
    for isReturn in [false, true] {
      let chosen = functions.filter { $0.returns || !isReturn }
      if let link = unsafe link(to: chosen, isReturn: isReturn) {
        unsafe links.append(link)
        continue
      }
      for function in chosen {
        let link = unsafe link(to: [function], isReturn: isReturn) ?? linkByAddress(to: function, isReturn: isReturn)
        unsafe add(link, for: function.name)
      }
    }
  }

  private func link(to functions: [TracedFunction], isReturn: Bool) -> OpaquePointer? {
    let names = unsafe functions.map { unsafe strdup($0.name) }
    defer { for unsafe name in unsafe names { unsafe free(name) } }
    var symbols = unsafe names.map { unsafe UnsafePointer<CChar>($0) }
    return unsafe symbols.withUnsafeMutableBufferPointer { symbols in
      var options = unsafe bpf_kprobe_multi_opts()
      unsafe options.syms = symbols.baseAddress
      return unsafe link(functions, isReturn, &options)
    }
  }

  /// Before Linux 6.2, the kernel does not find functions of modules by their names.
  private func linkByAddress(to function: TracedFunction, isReturn: Bool) -> OpaquePointer? {
    guard function.isInModule, var address = Self.address(of: function.name) else { return nil }
    return unsafe withUnsafePointer(to: &address) { address in
      var options = unsafe bpf_kprobe_multi_opts()
      unsafe options.addrs = address
      return unsafe link([function], isReturn, &options)
    }
  }

  private func link(
    _ functions: [TracedFunction], _ isReturn: Bool, _ options: inout bpf_kprobe_multi_opts
  ) -> OpaquePointer? {
    let cookies = functions.map(\.cookie)
    return unsafe cookies.withUnsafeBufferPointer { cookies in
      unsafe options.sz = MemoryLayout<bpf_kprobe_multi_opts>.size
      unsafe options.cookies = cookies.baseAddress
      unsafe options.cnt = functions.count
      unsafe options.retprobe = isReturn
      let program = unsafe bpf_object__find_program_by_name(object, isReturn ? "returned" : "called")
      return unsafe bpf_program__attach_kprobe_multi_opts(program, nil, &options)
    }
  }

  /// The address of a function of a module, from `/proc/kallsyms`.
  private static func address(of name: String) -> UInt? {
    guard let symbols = SmallFile.text("/proc/kallsyms") else { return nil }
    for line in symbols.split(scalar: "\n") {
      let words = line.replacing("\t", with: " ").split(scalar: " ")
      if words.count > 2, words[2] == name { return UInt(words[0], radix: 16) }
    }
    return nil
  }
}

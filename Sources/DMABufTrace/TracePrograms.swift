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

  private var object: OpaquePointer
  private var links = unsafe [OpaquePointer]()

  init(bufferSize: Int, settings: cdmabuf_trace_settings) throws(KernelError) {
    clibbpf_print_nothing()
    unsafe object = try Self.load(bufferSize, settings, forAllFunctions: true)
    // Without its module, there are no calls.
    let hasDRM = unsafe access("/sys/module/drm", F_OK) == 0
    let functions = TracedFunction.all(of: .running).filter { hasDRM || !$0.isInModule }
    // Waits are joined with the calls that they are in: so their tracepoints come last.
    if !attach(functions) {
      unsafe bpf_object__close(object)
      unsafe object = try Self.load(bufferSize, settings, forAllFunctions: false)
      attachEach(functions)
    }
    attachTracepoints()
  }

  /// Loads the programs: one for all functions, or one for each, for a kernel without `CONFIG_FPROBE`.
  private static func load(
    _ bufferSize: Int, _ settings: cdmabuf_trace_settings, forAllFunctions: Bool
  ) throws(KernelError) -> OpaquePointer {
    guard let object = unsafe bpf_object__open_mem(cdmabuf_trace_object, cdmabuf_trace_object_size, nil) else {
      throw KernelError(.bpf_object__open, on: "bpf")
    }
    do throws(KernelError) {
      try unsafe prepare(object, bufferSize: bufferSize, settings: settings)
    } catch {
      unsafe bpf_object__close(object)
      throw error
    }
    if !forAllFunctions {
      for name in ["called", "returned"] {
        let program = unsafe bpf_object__find_program_by_name(object, name)
        _ = unsafe bpf_program__set_expected_attach_type(program, bpf_attach_type(rawValue: 0))
      }
    }
    let result = unsafe bpf_object__load(object)
    guard result == 0 else {
      unsafe bpf_object__close(object)
      throw KernelError(.BPF_PROG_LOAD, on: "bpf", errno: Errno(rawValue: -result))
    }
    return unsafe object
  }

  deinit {
    while let link = unsafe links.popLast() { _ = unsafe bpf_link__destroy(link) }
    unsafe bpf_object__close(object)
  }

  /// The descriptor of the ring buffer.
  var events: CInt { unsafe bpf_object__find_map_fd_by_name(object, "events") }

  /// The number of lost events, which the programs count. libbpf maps this variable only for generated skeletons, so it
  /// is read like an element of any map.
  var lost: UInt64 {
    let variables = unsafe bpf_object__find_map_by_name(object, ".bss")
    var key: UInt32 = 0
    var value = [UInt64](repeating: 0, count: unsafe (Int(bpf_map__value_size(variables)) + 7) / 8)
    let result = unsafe bpf_map_lookup_elem(bpf_map__fd(variables), &key, &value)
    return result == 0 ? value.first ?? 0 : 0
  }

  private static func prepare(
    _ object: OpaquePointer, bufferSize: Int, settings: cdmabuf_trace_settings
  ) throws(KernelError) {
    let map = unsafe bpf_object__find_map_by_name(object, "events")
    var size = 4096
    while size < bufferSize { size *= 2 }
    guard unsafe bpf_map__set_max_entries(map, UInt32(clamping: size)) == 0 else {
      throw KernelError(.BPF_MAP_CREATE, on: "bpf")
    }
    var settings = settings
    settings.wake_at = UInt32(clamping: size / 8)
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
    var program = unsafe bpf_object__next_program(object, nil)
    while let current = unsafe program {
      let section = unsafe String(cString: bpf_program__section_name(current))
      if section.hasPrefix("tp") {
        unsafe add(bpf_program__attach(current), for: String(section.split(scalar: "/").last ?? ""))
      }
      unsafe program = bpf_object__next_program(object, current)
    }
  }

  /// Attaches to all functions at once. Where the kernel refuses some, to each that it has. `false` if this kernel has no
  /// probes of several functions.
  private func attach(_ functions: [TracedFunction]) -> Bool {
    for isReturn in [false, true] {
      let chosen = functions.filter { $0.returns || !isReturn }
      if let link = unsafe link(to: chosen, isReturn: isReturn) {
        unsafe links.append(link)
        continue
      }
      if errno == EOPNOTSUPP { return false }
      let addresses = Self.addresses(of: chosen.filter(\.isInModule).map(\.name))
      for function in chosen {
        let address = addresses[function.name]
        let link =
          unsafe link(to: [function], isReturn: isReturn) ?? link(to: function, at: address, isReturn: isReturn)
        unsafe add(link, for: function.name)
      }
    }
    return true
  }

  /// Attaches a kprobe to each function.
  private func attachEach(_ functions: [TracedFunction]) {
    for function in functions {
      for isReturn in function.returns ? [false, true] : [false] {
        var options = bpf_kprobe_opts()
        options.sz = (MemoryLayout<bpf_kprobe_opts>.offset(of: \.retprobe) ?? 0) + 1
        (options.bpf_cookie, options.retprobe) = (function.cookie, isReturn)
        let program = unsafe bpf_object__find_program_by_name(object, isReturn ? "returned" : "called")
        unsafe add(bpf_program__attach_kprobe_opts(program, function.name, &options), for: function.name)
      }
    }
  }

  private func link(to functions: [TracedFunction], isReturn: Bool) -> OpaquePointer? {
    let names = unsafe functions.map { unsafe strdup($0.name) }
    defer { unsafe names.forEach { unsafe free($0) } }
    var symbols = unsafe names.map { unsafe UnsafePointer<CChar>($0) }
    return unsafe symbols.withUnsafeMutableBufferPointer { symbols in
      var options = unsafe bpf_kprobe_multi_opts()
      unsafe options.syms = symbols.baseAddress
      return unsafe link(functions, isReturn, &options)
    }
  }

  /// Before Linux 6.2, the kernel does not find functions of modules by their names.
  private func link(to function: TracedFunction, at address: UInt?, isReturn: Bool) -> OpaquePointer? {
    guard var address else { return nil }
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
      // libbpf refuses bytes behind the last member that are not zero, and padding is not.
      unsafe options.sz = (MemoryLayout<bpf_kprobe_multi_opts>.offset(of: \.retprobe) ?? 0) + 1
      unsafe options.cookies = cookies.baseAddress
      unsafe options.cnt = functions.count
      unsafe options.retprobe = isReturn
      let program = unsafe bpf_object__find_program_by_name(object, isReturn ? "returned" : "called")
      return unsafe bpf_program__attach_kprobe_multi_opts(program, nil, &options)
    }
  }

  /// The addresses of functions of modules, from `/proc/kallsyms`, which lists modules last.
  private static func addresses(of names: [String]) -> [String: UInt] {
    guard !names.isEmpty, let symbols = SmallFile.text("/proc/kallsyms") else { return [:] }
    var addresses: [String: UInt] = [:]
    for line in symbols.split(scalar: "\n").reversed() where addresses.count < names.count && line.hasSuffix("]") {
      let words = line.replacing("\t", with: " ").split(scalar: " ")
      if words.count > 2, names.contains(String(words[2])) { addresses[String(words[2])] = UInt(words[0], radix: 16) }
    }
    return addresses
  }
}

// SPDX-License-Identifier: MIT
internal import CTrace
import DMABuf

/// The events of a trace: defines them, enables them in the instance, and reads their layouts.
struct TracefsEvents {
  private let names: TracefsNames
  /// The directory of each event below `events`, and what the event stands for.
  private var wanted: [(place: String, meaning: EventKind.Meaning, symbol: String)] = []
  /// The functions that cannot be watched.
  private(set) var missing: [String] = []

  init(_ names: TracefsNames) { self.names = names }

  // MARK: Defining

  /// Chooses and defines the events.
  mutating func define() -> TracefsTracer.Scope {
    wanted = [
      ("task/task_newtask", .newTask, ""), ("task/task_rename", .rename, ""), ("sched/sched_process_exit", .exit, ""),
    ]
    let types = KernelTypes()
    if let types, Self.hasKprobes || Self.hasFprobes {
      for function in KernelFunction.allCases { define(function, types) }
    }
    let isDefined = wanted.count > 3
    var steps: [TraceEvent.Step] = []
    if !isDefined { steps = useTracepoints() }
    // After the functions: the event of an errno then comes before that of the signal.
    for (name, meaning) in Self.fences { wanted.append(("dma_fence/\(name)", meaning, name)) }
    if isDefined { return .functions }
    missing = []
    return .tracepoints(steps, reason: types == nil ? .noTypes : .noDynamicEvents)
  }

  private static let fences: [(String, EventKind.Meaning)] = [
    ("dma_fence_init", .fence(CDMABUF_EVENT_FENCE_INIT)), ("dma_fence_emit", .fence(CDMABUF_EVENT_FENCE_EMIT)),
    ("dma_fence_enable_signal", .fence(CDMABUF_EVENT_FENCE_ENABLE)),
    ("dma_fence_signaled", .fence(CDMABUF_EVENT_FENCE_SIGNALED)),
    ("dma_fence_destroy", .fence(CDMABUF_EVENT_FENCE_DESTROY)), ("dma_fence_wait_start", .waitStart),
    ("dma_fence_wait_end", .fence(CDMABUF_EVENT_FENCE_WAIT)),
  ]

  /// Whether the tracepoints of buffers can be used. In Linux 7.0 those of `dma_buf_fd` and `dma_buf_put` read memory
  /// that may be free already. Linux 7.1 has both corrections, but not each of its release candidates.
  static func areTracepointsSafe(release: String) -> Bool {
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else { return false }
    return (numbers[0], numbers[1]) >= (7, 1) && !(numbers[0] == 7 && numbers[1] == 1 && release.contains("-rc"))
  }

  private mutating func useTracepoints() -> [TraceEvent.Step] {
    guard Self.areTracepointsSafe(release: SmallFile.text("/proc/sys/kernel/osrelease") ?? "") else { return [] }
    let tracepoints: [(String, cdmabuf_event_kind, TraceEvent.Step)] = [
      ("dma_buf_export", CDMABUF_EVENT_EXPORT, .export), ("dma_buf_fd", CDMABUF_EVENT_FD, .fd),
      ("dma_buf_get", CDMABUF_EVENT_GET, .get), ("dma_buf_dynamic_attach", CDMABUF_EVENT_ATTACH, .attach),
      ("dma_buf_detach", CDMABUF_EVENT_DETACH, .detach), ("dma_buf_mmap_internal", CDMABUF_EVENT_MMAP, .mmap),
      ("dma_buf_put", CDMABUF_EVENT_PUT, .put),
    ]
    return tracepoints.compactMap { name, kind, step in
      guard Tracefs.has("\(names.instance)/events/dma_buf/\(name)") else { return nil }
      wanted.append(("dma_buf/\(name)", .buffer(kind), name))
      return step
    }
  }

  /// Kprobes are defined much faster than fprobes.
  private static var hasKprobes: Bool {
    Tracefs.has(Tracefs.directory + "/kprobe_events")
      && (try? Tracefs.read("/sys/kernel/debug/kprobes/enabled")).map { $0.first == UInt8(ascii: "1") } ?? true
  }

  private static let hasFprobes =
    String(decoding: (try? Tracefs.read(Tracefs.directory + "/README")) ?? [], as: UTF8.self)
    .contains("<func-name>[%return]")

  private mutating func define(_ function: KernelFunction, _ types: KernelTypes) {
    let kprobes = Self.hasKprobes
    let isDefined = function.symbols.contains { symbol in
      // The return first: a call that is seen then has a return that is seen.
      if function.hasReturn {
        let (always, withArguments) = function.results(types)
        let name = function.rawValue + "_return"
        // A limit for calls at once. Calls over the limit would have no return.
        let head = kprobes ? "r512:\(names.group)/\(name) \(symbol)" : "f:\(names.group)/\(name) \(symbol)%return"
        guard !withArguments.isEmpty && add(head, always + withArguments) || add(head, always) else { return false }
        wanted.append(("\(names.group)/\(name)", .result(of: function), symbol))
      }
      guard function != .export else { return true }
      let head = "\(kprobes ? "p" : "f"):\(names.group)/\(function.rawValue) \(symbol)"
      guard add(head, function.arguments(types)) else { return false }
      wanted.append(("\(names.group)/\(function.rawValue)", .call(function), symbol))
      return true
    }
    if !isDefined, !function.isOfDRM || Tracefs.has("/sys/module/drm") { missing.append(function.rawValue) }
  }

  private func add(_ head: String, _ arguments: [String]) -> Bool {
    do {
      try Tracefs.write(([head] + arguments).joined(separator: " "), to: TracefsNames.definitions)
      return true
    } catch {
      return false
    }
  }

  // MARK: Enabling

  /// Enables the events in the instance. Returns them by the number in their records.
  mutating func enable() -> [UInt16: EventKind] {
    var kinds: [UInt16: EventKind] = [:]
    for (place, meaning, symbol) in wanted {
      let directory = "\(names.instance)/events/\(place)"
      do {
        let layout = RecordLayout(parsing: try Tracefs.read(directory + "/format"))
        kinds[layout.identifier] = EventKind(meaning, layout)
        if case .call(let function) = meaning, let filter = function.filter {
          try Tracefs.write(filter, to: directory + "/filter")
        }
        try Tracefs.write("1", to: directory + "/enable")
      } catch {
        if !symbol.isEmpty, !missing.contains(symbol) { missing.append(symbol) }
      }
    }
    return kinds
  }
}

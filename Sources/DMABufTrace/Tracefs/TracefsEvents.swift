// SPDX-License-Identifier: MIT
internal import CTrace
import DMABuf
import DMABufHost

/// The events of a trace: defines them, enables them in the instance, and reads their layouts.
struct TracefsEvents {
  private let names: TracefsNames
  /// The directory of each event below `events`, what the event stands for, the condition for its records, and the name
  /// of the function or tracepoint.
  private var wanted: [(place: String, meaning: EventKind.Meaning, filter: String?, name: String)] = []
  /// The functions that cannot be watched.
  private(set) var missing: [String] = []

  init(_ names: TracefsNames) { self.names = names }

  // MARK: Defining

  /// Chooses and defines the events.
  mutating func define() -> TracefsTracer.Scope {
    wanted = [
      ("task/task_newtask", .newTask, nil, ""), ("task/task_rename", .rename, nil, ""),
      ("sched/sched_process_exit", .exit, nil, ""),
    ]
    let types = KernelTypes()
    if let types, Self.hasDynamicEvents {
      // Without the module there are no calls.
      let hasDRM = Tracefs.has("/sys/module/drm")
      let functions = TracedFunction.all(of: .running).filter { hasDRM || !$0.isInModule } + [DynamicEvent.signal]
      for function in functions where DynamicEvent.canShow(function) { define(DynamicEvent(function, types)) }
    }
    let isDefined = wanted.count > 3
    let steps = isDefined ? [] : useTracepoints()
    // Waits are joined with the calls that they are in: so their tracepoints come last.
    for (name, kind) in Self.fences { wanted.append(("dma_fence/\(name)", .fence(kind), nil, name)) }
    if isDefined { return .functions }
    missing = []
    return .tracepoints(steps, reason: types == nil ? .noTypes : .noDynamicEvents)
  }

  /// The tracepoints of fences.
  static let fences: [(name: String, kind: cdmabuf_event_kind)] = [
    ("dma_fence_init", CDMABUF_EVENT_FENCE_INIT), ("dma_fence_emit", CDMABUF_EVENT_FENCE_EMIT),
    ("dma_fence_enable_signal", CDMABUF_EVENT_FENCE_ENABLE), ("dma_fence_signaled", CDMABUF_EVENT_FENCE_SIGNALED),
    ("dma_fence_destroy", CDMABUF_EVENT_FENCE_DESTROY), ("dma_fence_wait_start", CDMABUF_EVENT_FENCE_WAIT_START),
    ("dma_fence_wait_end", CDMABUF_EVENT_FENCE_WAIT),
  ]

  /// Whether the tracepoints of buffers can be used. In Linux 7.0 those of `dma_buf_fd` and `dma_buf_put` read memory
  /// that may be free already. Linux 7.1 has both corrections, but not each of its release candidates.
  static func areTracepointsSafe(release: String) -> Bool {
    let (version, first) = (KernelVersion(release: release), KernelVersion(7, 1))
    return version > first || version == first && !release.contains("-rc")
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
      wanted.append(("dma_buf/\(name)", .buffer(kind), nil, name))
      return step
    }
  }

  /// Whether the kernel has events of functions.
  static var hasDynamicEvents: Bool { hasKprobes || hasFprobes }

  /// Kprobes are defined much faster than fprobes.
  private static var hasKprobes: Bool {
    Tracefs.has(Tracefs.directory + "/kprobe_events")
      && (try? Tracefs.read("/sys/kernel/debug/kprobes/enabled")).map { $0.first == UInt8(ascii: "1") } ?? true
  }

  private static let hasFprobes =
    String(decoding: (try? Tracefs.read(Tracefs.directory + "/README")) ?? [], as: UTF8.self)
    .contains("<func-name>[%return]")

  private mutating func define(_ event: DynamicEvent) {
    let kprobes = Self.hasKprobes
    let name = event.function.name
    let place = "\(names.group)/\(name)"
    // The return first: a call that is seen then has a return that is seen.
    if event.function.returns {
      // A limit for calls at once. Calls over the limit would have no return.
      let head = kprobes ? "r512:\(place)_return \(name)" : "f:\(place)_return \(name)%return"
      let results = event.lateResults.isEmpty ? [event.results] : [event.results + event.lateResults, event.results]
      guard results.contains(where: { add(head, $0) }) else {
        missing.append(name)
        return
      }
      wanted.append(("\(place)_return", .result(of: event.function), nil, name))
    }
    guard add("\(kprobes ? "p" : "f"):\(place) \(name)", event.arguments) else {
      missing.append(name)
      return
    }
    wanted.append((place, .call(event.function), event.filter, name))
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
    for (place, meaning, filter, name) in wanted {
      let directory = "\(names.instance)/events/\(place)"
      do {
        let layout = RecordLayout(parsing: try Tracefs.read(directory + "/format"))
        kinds[layout.identifier] = EventKind(meaning, layout)
        if let filter { try Tracefs.write(filter, to: directory + "/filter") }
        try Tracefs.write("1", to: directory + "/enable")
      } catch {
        if !name.isEmpty, !missing.contains(name) { missing.append(name) }
      }
    }
    return kinds
  }
}

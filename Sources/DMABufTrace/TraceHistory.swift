// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

/// What earlier events told: the buffers of reservation objects, the names, creators and signallers of fences, and the
/// waits that have not ended. It completes events, and turns them into stalls.
struct TraceHistory {
  /// The most fences that are remembered. When there are more, signalled ones are forgotten.
  private static let mostFences = 1 << 16
  private static let mostFencesOfWait = 64

  private struct Key: Hashable {
    // Tracepoints have 32 bits of both numbers.
    let context: UInt32
    let seqno: UInt32
    init(_ fence: TraceEvent.Fence) {
      (context, seqno) = (UInt32(truncatingIfNeeded: fence.context), UInt32(truncatingIfNeeded: fence.seqno))
    }
  }

  private struct FenceRecord {
    var driver: UntrustedText?
    var timeline: UntrustedText?
    var creator: TraceEvent.Process?
    var signaller: TraceEvent.Process?
    var signalled: UInt64 = 0
    var reservation: UInt64 = 0
  }

  /// A wait that has not ended.
  private struct Wait {
    let call: Stall.Call
    var begun: TraceEvent
    let reservation: UInt64
    var fences: [TraceEvent.Fence]

    /// Adds fences once. A thread that is woken often looks at the same fences again.
    mutating func add(_ more: [TraceEvent.Fence]) {
      for fence in more where fences.count < TraceHistory.mostFencesOfWait && !fences.contains(fence) {
        fences.append(fence)
      }
    }
  }

  private var buffers: [UInt64: TraceEvent.Buffer] = [:]
  private var fences: [Key: FenceRecord] = [:]
  /// The names of contexts, which their later fences have, too.
  private var timelines: [UInt32: (driver: UntrustedText, timeline: UntrustedText)] = [:]
  /// By thread.
  private var waits: [Int32: Wait] = [:]
  /// The fences that a thread has begun to wait for, in a call whose own event comes later: a poll or a wait for
  /// syncobjs.
  private var pending: [Int32: Wait] = [:]
  private var lastWake: [UInt64: TraceEvent.Fence] = [:]

  /// The event with what is known about its buffer and fence, and the wait that it ends. No event if it only adds to
  /// another.
  mutating func complete(_ raw: RawEvent) -> (event: TraceEvent?, stall: Stall?) {
    guard var event = raw.facts else { return (nil, nil) }
    remember(raw, event)
    event.fence = event.fence.map(named)
    if event.buffer == nil { event.buffer = buffer(reservation: raw.reservation, fence: event.fence) }
    switch event.step {
    case .ioctl: event.step = Self.step(ofRequest: raw.request)
    case .fenceWait: return waited(raw, event)
    case .syncobjWait: return (event, waitedForSyncobj(event))
    case .poll: return polled(raw, event)
    case .release: buffers[raw.reservation] = nil
    case .fenceDestroy: if let fence = event.fence { fences[Key(fence)] = nil }
    default: break
    }
    return (event, nil)
  }

  private mutating func remember(_ raw: RawEvent, _ event: TraceEvent) {
    if let buffer = event.buffer, raw.reservation != 0 {
      if buffers.count >= Self.mostFences { buffers.removeAll() }
      buffers[raw.reservation] = buffer
    }
    guard let fence = event.fence else { return }
    if fences.count >= Self.mostFences {
      fences = fences.filter { $0.value.signaller == nil }
      // Else each further event would search all of them again.
      if fences.count >= Self.mostFences / 2 { fences.removeAll() }
    }
    var record = fences[Key(fence)] ?? FenceRecord()
    if let driver = fence.driver, let timeline = fence.timeline {
      // Since Linux 6.17, a fence that has signalled has other names.
      if record.driver == nil { (record.driver, record.timeline) = (driver, timeline) }
      if timelines.count >= Self.mostFences { timelines.removeAll() }
      timelines[Key(fence).context] = (driver, timeline)
    } else if record.driver == nil, let names = timelines[Key(fence).context] {
      (record.driver, record.timeline) = (names.driver, names.timeline)
    }
    switch event.step {
    case .fenceInit: record = FenceRecord(driver: fence.driver, timeline: fence.timeline, creator: event.process)
    case .fenceSignal: (record.signaller, record.signalled) = (event.process, event.time)
    case .fenceAdd: record.reservation = raw.reservation
    case .wake where record.reservation != 0:
      if lastWake.count >= Self.mostFences { lastWake.removeAll() }
      lastWake[record.reservation] = fence
    default: break
    }
    fences[Key(fence)] = record
  }

  private func named(_ fence: TraceEvent.Fence) -> TraceEvent.Fence {
    var fence = fence
    guard let record = fences[Key(fence)] else { return fence }
    (fence.driver, fence.timeline) = (record.driver, record.timeline)
    return fence
  }

  private func buffer(reservation: UInt64, fence: TraceEvent.Fence?) -> TraceEvent.Buffer? {
    buffers[reservation] ?? fence.flatMap { fences[Key($0)] }.flatMap { buffers[$0.reservation] }
  }

  // MARK: Waits

  /// The waits that have not ended, the longest first.
  func unfinishedWaits(at now: UInt64) -> [Stall] {
    (Array(waits.values) + pending.values).map { wait in
      var stall = stall(of: wait, until: now, wait.begun.process)
      stall.hasEnded = false
      return stall
    }.sorted { $0.duration > $1.duration }
  }

  private mutating func waited(_ raw: RawEvent, _ event: TraceEvent) -> (TraceEvent?, Stall?) {
    let thread = event.process.tid
    if raw.isPending {
      guard let fence = event.fence else { return (nil, nil) }
      let wait = Wait(call: .syncobj, begun: event, reservation: 0, fences: [])
      if waits[thread] != nil {
        waits[thread]?.add([fence])
      } else {
        pending[thread, default: wait].add([fence])
      }
      return (nil, nil)
    }
    let call = raw.isWaitInSync ? Stall.Call.sync : .driver
    if raw.isWaitStart {
      waits[thread] = Wait(
        call: call, begun: event, reservation: raw.reservation, fences: event.fence.map { [$0] } ?? [])
      return (nil, nil)
    }
    waits[thread] = nil
    let wait = Wait(call: call, begun: event, reservation: raw.reservation, fences: event.fence.map { [$0] } ?? [])
    var stall = stall(of: wait, until: event.time, event.process)
    stall.duration = event.duration ?? 0
    return (event, stall)
  }

  private mutating func waitedForSyncobj(_ event: TraceEvent) -> Stall? {
    guard let wait = pending.removeValue(forKey: event.process.tid) else { return nil }
    var stall = stall(of: wait, until: event.time, event.process)
    stall.duration = event.duration ?? 0
    return stall
  }

  /// A poll that finds its file not ready waits for a fence. The later looks of the thread are not events of their own.
  private mutating func polled(_ raw: RawEvent, _ event: TraceEvent) -> (TraceEvent?, Stall?) {
    let thread = event.process.tid
    if raw.isPollEnd {
      guard let wait = waits[thread], wait.call == .poll else { return (nil, nil) }
      waits[thread] = nil
      return (nil, stall(of: wait, until: event.time, event.process))
    }
    let isReady = event.value ?? 0 != 0
    let fences = pending.removeValue(forKey: thread)?.fences ?? event.fence.map { [$0] } ?? []
    var look = event
    look.duration = nil
    var wait = Wait(call: .poll, begun: look, reservation: raw.reservation, fences: fences)
    switch raw.look {
    case .epoll: return (look, nil)
    case .poll:
      waits[thread] = isReady ? nil : wait
      return (look, nil)
    case .now:
      guard isReady else {
        waits[thread]?.add(fences)
        return (nil, nil)
      }
      if let duration = event.duration {
        // In epoll_wait(2): the time since the thread began to wait.
        wait.begun.time -= min(duration, wait.begun.time)
      } else if let begun = waits.removeValue(forKey: thread), begun.call == .poll {
        wait = begun
      } else {
        return (nil, nil)
      }
      if wait.fences.isEmpty, let fence = lastWake[wait.reservation] { wait.fences = [fence] }
      let stall = stall(of: wait, until: event.time, event.process)
      // What was ready before was not waited for.
      let signalled = stall.fence.flatMap { self.fences[Key($0)] }?.signalled ?? 0
      return (nil, signalled >= wait.begun.time ? stall : nil)
    }
  }

  private func stall(of wait: Wait, until time: UInt64, _ process: TraceEvent.Process) -> Stall {
    // The fence that signalled last is the one that ended the wait.
    let fence = wait.fences.max { (fences[Key($0)]?.signalled ?? .max) < (fences[Key($1)]?.signalled ?? .max) }
    let record = fence.flatMap { fences[Key($0)] }
    return Stall(
      call: wait.call, process: process, isSignalled: record.map { $0.signalled > 0 } ?? false, time: time,
      duration: time - min(time, wait.begun.time),
      buffer: wait.begun.buffer ?? buffer(reservation: wait.reservation, fence: fence), fence: fence.map(named),
      creator: record?.creator, signaller: record?.signaller)
  }

  private static func step(ofRequest request: UInt32) -> TraceEvent.Step {
    switch request & 0xff {
    case 1: .setName
    case 2: .exportSyncFile
    case 3: .importSyncFile
    default: .ioctl
    }
  }
}

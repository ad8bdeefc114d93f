// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

/// What earlier events told: the buffers of reservation objects, the names, creators and signallers of fences, and the
/// waits that have not ended. It completes events, and turns them into stalls.
struct TraceHistory {
  /// The most fences that are remembered. When there are more, signalled ones are forgotten.
  private static let mostFences = 1 << 16

  private struct Key: Hashable {
    let context: UInt64
    let seqno: UInt64
    init(_ fence: TraceEvent.Fence) { (context, seqno) = (fence.context, fence.seqno) }
  }

  private struct FenceRecord {
    var driver: UntrustedText?
    var timeline: UntrustedText?
    var creator: TraceEvent.Process?
    var signaller: TraceEvent.Process?
    var errno: Errno?
    var reservation: UInt64 = 0
  }

  private struct Poll {
    let begun: UInt64
    let buffer: TraceEvent.Buffer?
    let reservation: UInt64
    let fence: TraceEvent.Fence?
  }

  private var buffers: [UInt64: TraceEvent.Buffer] = [:]
  private var fences: [Key: FenceRecord] = [:]
  private var waits: [Int32: [TraceEvent]] = [:]
  private var polls: [Int32: Poll] = [:]
  private var lastWake: [UInt64: TraceEvent.Fence] = [:]

  /// The event with what is known about its buffer and fence, and the waits that it ends. `nil` for an event that only
  /// adds to another.
  mutating func complete(_ raw: RawEvent) -> (event: TraceEvent?, stalls: [Stall]) {
    guard var event = raw.facts else { return (nil, []) }
    if raw.isErrno {
      if let fence = event.fence { fences[Key(fence), default: FenceRecord()].errno = event.errno }
      return (nil, [])
    }
    remember(raw, event)
    if let fence = event.fence, let record = fences[Key(fence)] {
      event.fence?.driver = record.driver
      event.fence?.timeline = record.timeline
      if event.step == .fenceSignal { event.errno = record.errno }
      if event.buffer == nil { event.buffer = buffers[record.reservation] }
    }
    var stalls = ended(by: event)
    switch event.step {
    case .ioctl: event.step = Self.step(ofRequest: raw.request)
    case .poll:
      if let stall = polled(raw, event) { stalls.append(stall) }
      // A second look at the same file after a wake-up is not a step of its own.
      if !raw.isQueued { return (nil, stalls) }
    case .release: buffers[raw.reservation] = nil
    case .fenceDestroy: if let fence = event.fence { fences[Key(fence)] = nil }
    default: break
    }
    return (event, stalls)
  }

  private mutating func remember(_ raw: RawEvent, _ event: TraceEvent) {
    if let buffer = event.buffer, raw.reservation != 0 { buffers[raw.reservation] = buffer }
    guard let fence = event.fence else { return }
    if fences.count >= Self.mostFences { fences = fences.filter { $0.value.signaller == nil } }
    var record = fences[Key(fence)] ?? FenceRecord()
    if let driver = fence.driver { record.driver = driver }
    if let timeline = fence.timeline { record.timeline = timeline }
    switch event.step {
    case .fenceInit: record.creator = event.process
    case .fenceSignal: record.signaller = event.process
    case .fenceAdd: record.reservation = raw.reservation
    case .wake: if record.reservation != 0 { lastWake[record.reservation] = fence }
    default: break
    }
    fences[Key(fence)] = record
  }

  // MARK: Waits

  /// The waits of the thread that this event ends. A wait for a fence inside SYNC START belongs to that call.
  private mutating func ended(by event: TraceEvent) -> [Stall] {
    let thread = event.process.tid
    if event.step == .fenceWait {
      waits[thread, default: []].append(event)
      return []
    }
    guard let own = waits.removeValue(forKey: thread) else { return [] }
    let isSync = event.step == .begin && event.duration ?? 0 >= own.reduce(0) { $0 + ($1.duration ?? 0) }
    return own.map { wait in
      stall(isSync ? .sync : .driver, wait.process, wait.time, wait.duration ?? 0, wait.fence, isSync ? event.buffer : nil)
    }
  }

  /// The waits of threads that had no event for a while.
  mutating func endedWaits(before time: UInt64) -> [Stall] {
    var stalls: [Stall] = []
    for (thread, own) in waits where own.allSatisfy({ $0.time < time }) {
      waits[thread] = nil
      stalls += own.map { stall(.driver, $0.process, $0.time, $0.duration ?? 0, $0.fence, nil) }
    }
    return stalls.sorted { $0.time < $1.time }
  }

  private mutating func polled(_ raw: RawEvent, _ event: TraceEvent) -> Stall? {
    let thread = event.process.tid
    let isReady = event.value ?? 0 != 0
    if raw.isQueued {
      polls[thread] =
        isReady
        ? nil
        : Poll(begun: event.time, buffer: event.buffer, reservation: raw.reservation, fence: event.fence)
      return nil
    }
    guard isReady, let poll = polls.removeValue(forKey: thread) else { return nil }
    let fence = poll.fence ?? lastWake[poll.reservation]
    return stall(.poll, event.process, event.time, event.time - poll.begun, fence, poll.buffer ?? event.buffer)
  }

  private func stall(
    _ call: Stall.Call, _ process: TraceEvent.Process, _ time: UInt64, _ duration: UInt64,
    _ fence: TraceEvent.Fence?, _ buffer: TraceEvent.Buffer?
  ) -> Stall {
    let record = fence.flatMap { fences[Key($0)] }
    var named = fence
    if let driver = record?.driver { named?.driver = driver }
    if let timeline = record?.timeline { named?.timeline = timeline }
    return Stall(
      call: call, process: process, time: time, duration: duration,
      buffer: buffer ?? record.flatMap { buffers[$0.reservation] }, fence: named, creator: record?.creator,
      signaller: record?.signaller)
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

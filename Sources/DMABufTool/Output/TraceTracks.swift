// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// Draws the records of a trace: a row for each thread, buffer, importing device and timeline of fences.
///
/// A slice is drawn when it ends. What is remembered is bounded: of the most buffers, fences and threads, those without
/// a record for the longest time are forgotten.
struct TraceTracks {
  private typealias Row = TraceRows.Row

  /// A buffer, and what has begun and not ended on it.
  private struct Life {
    var buffer: TraceEvent.Buffer
    let begin: UInt64
    let exporter: TraceEvent.Process?
    var open: [Period] = []
  }

  /// An attachment, DMA mapping or CPU access.
  private struct Period {
    let step: TraceEvent.Step
    let begin: UInt64
    let process: TraceEvent.Process
    let device: UntrustedText?
    let direction: TraceEvent.Direction?
  }

  private struct FenceKey: Hashable {
    let context: UInt64
    let seqno: UInt64
    init(_ fence: TraceEvent.Fence) { (context, seqno) = (fence.context, fence.seqno) }
  }

  private struct PendingFence {
    var fence: TraceEvent.Fence
    let begin: UInt64
    var creator: TraceEvent.Process?
    var emitted: UInt64?
    var buffer: TraceEvent.Buffer?
  }

  /// Where the signal of a fence was drawn.
  private struct Signal {
    let fence: TraceEvent.Fence
    let time: UInt64
    let begin: UInt64
    let timeline: TraceTrack?
    let thread: TraceTrack
  }

  /// The most things that have begun and not ended on a buffer.
  private static let mostOpen = 64

  private var rows = TraceRows()
  private var lives = RecentDictionary<UInt64, Life>(capacity: 1 << 16)
  private var released = RecentDictionary<UInt64, Bool>(capacity: 1 << 12)
  private var pending = RecentDictionary<FenceKey, PendingFence>(capacity: 1 << 16)
  private var signals = RecentDictionary<FenceKey, Signal>(capacity: 1 << 14)

  /// What was drawn since the last call.
  mutating func take() -> [TraceMark] { rows.take() }

  /// Adds a step. One that is not reported only ends what was drawn before: a buffer, or a fence.
  mutating func add(_ event: TraceEvent, isReported: Bool) {
    rows.last = max(rows.last, event.time)
    let event = named(event)
    let key = event.fence.map(FenceKey.init)
    let isSignal = event.step == .fenceSignal && key.map { pending[$0] != nil } ?? false
    if isReported || isSignal { draw(event) }
    if let buffer = event.buffer, isReported || lives[buffer.inode] != nil { add(event, on: buffer, isReported) }
    if let fence = event.fence, isReported || key.map({ pending[$0] != nil }) ?? false { add(event, of: fence) }
  }

  /// Ends what has not ended: the trace does.
  mutating func end(at time: UInt64) {
    let time = max(time, rows.last)
    for life in lives.takeAll().values.sorted(by: { $0.buffer.inode < $1.buffer.inode }) { close(life, at: time) }
    for fence in pending.takeAll().values.sorted(by: { ($0.begin, $0.fence.seqno) < ($1.begin, $1.fence.seqno) }) {
      close(fence, at: time, state: "pending")
    }
  }
}

// MARK: Threads

extension TraceTracks {
  private mutating func draw(_ event: TraceEvent) {
    let row = row(of: event.process)
    let begin = event.time - min(event.time, event.duration ?? 0)
    switch event.step {
    // A stall reports the same wait.
    case .fenceWait, .syncobjWait: break
    // Arrows need slices.
    case .fenceInit, .fenceSignal:
      rows.slice(on: row, .step, event.title, from: event.time, to: event.time, event.details)
    case _ where begin == event.time: rows.moment(event, event.title, on: row)
    default: rows.slice(on: row, .step, event.title, from: begin, to: event.time, event.details)
    }
  }

  /// Adds a wait, with arrows from the signal that ended it.
  mutating func add(_ stall: Stall) {
    rows.last = max(rows.last, stall.time)
    var stall = stall
    stall.fence = stall.fence.map(named)
    let fence = TraceLine(stall).fence?.text ?? "an unknown fence"
    let begin = stall.time - min(stall.time, stall.duration)
    let signal = stall.isSignalled ? stall.fence.flatMap { signals[FenceKey($0)] } : nil
    let waking = signal.map(\.time).flatMap { begin <= $0 && $0 < stall.time ? $0 : nil }
    let track = rows.slice(
      on: row(of: stall.process), .wait, "wait for \(fence)", from: begin, to: stall.time, stall.details,
      hasSlices: waking != nil)
    guard let track, let signal else { return }
    if let waking { rows.inner("wake-up", .wait, on: track, from: waking, to: stall.time) }
    let end = TraceArrow.Point(track: track, time: stall.time > begin ? stall.time - 1 : stall.time)
    // Another processor may report the signal after the wait.
    if let timeline = signal.timeline, signal.begin <= end.time {
      let inside = signal.time > signal.begin ? signal.time - 1 : signal.time
      let start = TraceArrow.Point(track: timeline, time: min(inside, end.time))
      rows.arrow(.signal, from: start, to: end)
    }
    if signal.time <= end.time {
      let start = TraceArrow.Point(track: signal.thread, time: signal.time)
      rows.arrow(.signal, from: start, to: end)
    }
  }

  private mutating func row(of process: TraceEvent.Process) -> Row {
    let row = Row(process)
    // Each processor has an idle thread with number 0.
    let name = process.pid == 0 ? "swapper" : process.command.escaped
    rows.name(row, name)
    return row
  }
}

// MARK: Buffers

extension TraceTracks {
  private mutating func add(_ event: TraceEvent, on buffer: TraceEvent.Buffer, _ isReported: Bool) {
    let isExport = event.step == .export
    // Another processor may report a step after the release.
    guard isExport || released[buffer.inode] == nil else { return }
    let begin = event.time - min(event.time, event.duration ?? 0)
    var life =
      lives.remove(buffer.inode)
      ?? Life(buffer: buffer, begin: begin, exporter: isExport ? event.process : nil)
    life.buffer = buffer
    rows.name(.buffer(buffer.inode), buffer.words)
    switch event.step {
    case .export: break
    case .release: return close(life, at: event.time, by: event.process)
    case .fenceAdd where isReported: addFence(event, to: buffer)
    case _ where isReported:
      let name = "\(event.step.rawValue) \(Units.process(event.process.command, event.process.pid))"
      rows.moment(event, name, on: .buffer(buffer.inode))
    default: break
    }
    if event.errno == nil { change(&life, event, begin) }
    for life in lives.set(life, for: buffer.inode).values { close(life, at: event.time) }
  }

  /// Begins or ends an attachment, DMA mapping or CPU access.
  private mutating func change(_ life: inout Life, _ event: TraceEvent, _ begin: UInt64) {
    switch event.step {
    case .attach, .map, .begin:
      if life.open.count == Self.mostOpen { life.open.removeFirst() }
      life.open.append(
        Period(
          step: event.step, begin: event.time, process: event.process, device: event.device,
          direction: event.direction))
    case .detach: end(.attach, of: &life, at: begin) { $0.device == event.device }
    case .unmap: end(.map, of: &life, at: begin) { $0.device == event.device }
    case .end: end(.begin, of: &life, at: begin) { $0.process.pid == event.process.pid }
    default: break
    }
  }

  private mutating func end(
    _ step: TraceEvent.Step, of life: inout Life, at time: UInt64, where isSame: (Period) -> Bool
  ) {
    guard let index = life.open.lastIndex(where: { $0.step == step && isSame($0) }) else { return }
    draw(life.open.remove(at: index), of: life.buffer, until: time)
  }

  private mutating func draw(_ period: Period, of buffer: TraceEvent.Buffer, until end: UInt64) {
    let end = max(end, period.begin)
    let isAccess = period.step == .begin
    let direction = period.direction.map { TraceLine.word(for: $0, ofCPU: isAccess) }
    let facts: [TraceDetail?] = [
      TraceDetail("buffer", buffer.words), direction.map { TraceDetail("direction", $0) },
      TraceDetail("process", period.process),
    ]
    let details = facts.compactMap(\.self)
    if isAccess {
      let name = "CPU \(direction ?? "access") ino:\(buffer.inode)"
      rows.slice(on: Row(period.process), .access, name, from: period.begin, to: end, details)
    } else if let device = period.device {
      let row = Row.device(buffer.inode, device)
      rows.name(row, "ino:\(buffer.inode) \(device.escaped)")
      let name = period.step == .attach ? "attached" : "mapped" + (direction.map { " \($0)" } ?? "")
      rows.slice(on: row, .device, name, from: period.begin, to: end, details)
    }
  }

  /// Draws the whole life of a buffer. Without a process, the buffer is not released.
  private mutating func close(_ life: Life, at end: UInt64, by process: TraceEvent.Process? = nil) {
    for period in life.open.reversed() { draw(period, of: life.buffer, until: end) }
    let facts: [TraceDetail?] = [
      life.exporter.map { TraceDetail("exported_by", $0) }, TraceDetail("ino", life.buffer.inode),
      process.map { TraceDetail("released_by", $0) }, TraceDetail("size", life.buffer.size),
      TraceDetail("state", process == nil ? "alive" : "released"),
    ]
    let row = Row.buffer(life.buffer.inode)
    rows.slice(on: row, .buffer, life.buffer.words, from: life.begin, to: end, facts.compactMap(\.self))
    if process != nil {
      rows.remove(row)
      _ = released.set(true, for: life.buffer.inode)
    }
  }
}

// MARK: Fences

extension TraceTracks {
  private mutating func add(_ event: TraceEvent, of fence: TraceEvent.Fence) {
    let key = FenceKey(fence)
    let isInit = event.step == .fenceInit
    if isInit { signals.remove(key) }
    // What happens after the signal is only a step of the thread.
    if signals[key] != nil { return }
    var own = pending.remove(key) ?? PendingFence(fence: fence, begin: event.time)
    own.fence = fence
    own.buffer = event.buffer ?? own.buffer
    switch event.step {
    case .fenceInit: own.creator = event.process
    case .fenceEmit: own.emitted = event.time
    case .fenceSignal:
      let timeline = close(own, at: event.time, state: event.errno.map(ErrnoName.of) ?? "signalled")
      let signal = Signal(
        fence: fence, time: event.time, begin: own.begin, timeline: timeline,
        thread: rows.track(of: Row(event.process)))
      _ = signals.set(signal, for: key)
      return
    case .fenceDestroy:
      close(own, at: event.time, state: "destroyed")
      return
    default: break
    }
    for fence in pending.set(own, for: key).values { close(fence, at: event.time, state: "pending") }
  }

  private func named(_ event: TraceEvent) -> TraceEvent {
    var event = event
    event.fence = event.fence.map(named)
    return event
  }

  /// The fence with its first names. After the signal, Linux 7 has the same names for all fences.
  private func named(_ fence: TraceEvent.Fence) -> TraceEvent.Fence {
    let key = FenceKey(fence)
    let known = signals[key]?.fence ?? pending[key]?.fence
    var fence = fence
    fence.driver = known?.driver ?? fence.driver
    fence.timeline = known?.timeline ?? fence.timeline
    return fence
  }

  /// Draws a fence from its creation to `end`, and returns the track.
  @discardableResult
  private mutating func close(_ own: PendingFence, at end: UInt64, state: String) -> TraceTrack? {
    let end = max(end, own.begin)
    let fence = TraceLine.Fence(own.fence)
    let row = Row.timeline(own.fence.context)
    let timeline = "\(fence.driver?.escaped ?? "?") \(fence.timeline?.escaped ?? "?")"
    rows.name(row, "\(timeline) \(fence.context)")
    let facts: [TraceDetail?] = [
      own.buffer.map { TraceDetail("buffer", $0.words) }, TraceDetail("context", fence.context),
      own.creator.map { TraceDetail("creator", $0) }, TraceDetail("seqno", fence.seqno), TraceDetail("state", state),
    ]
    let emitted = own.emitted.flatMap { own.begin <= $0 && $0 < end ? $0 : nil }
    let track = rows.slice(
      on: row, .fence, fence.text, from: own.begin, to: end, facts.compactMap(\.self), hasSlices: emitted != nil)
    guard let track else { return nil }
    if let emitted { rows.inner("emitted", .fence, on: track, from: emitted, to: end) }
    if let creator = own.creator {
      let from = TraceArrow.Point(track: rows.track(of: Row(creator)), time: own.begin)
      rows.arrow(.create, from: from, to: TraceArrow.Point(track: track, time: own.begin))
    }
    return track
  }

  /// Draws the step on the buffer, with an arrow from the creation of the fence.
  private mutating func addFence(_ event: TraceEvent, to buffer: TraceEvent.Buffer) {
    let track = rows.slice(
      on: .buffer(buffer.inode), .step, event.title, from: event.time, to: event.time, event.details)
    let own = event.fence.flatMap { pending[FenceKey($0)] }
    guard let own, let creator = own.creator, let track else { return }
    let from = TraceArrow.Point(track: rows.track(of: Row(creator)), time: own.begin)
    rows.arrow(.add, from: from, to: TraceArrow.Point(track: track, time: event.time))
  }
}

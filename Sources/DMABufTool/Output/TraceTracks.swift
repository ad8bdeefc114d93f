// SPDX-License-Identifier: MIT
import DMABuf
import DMABufTrace

/// Draws the records of a trace: a row for each thread, buffer, importing device and timeline of fences.
///
/// A slice is drawn when it ends. What is remembered is bounded: of the most buffers, fences and threads, those without
/// a record for the longest time are forgotten.
struct TraceTracks {
  private enum Row: Hashable {
    case thread(pid: Int32, tid: Int32)
    case buffer(UInt64)
    case device(UInt64, UntrustedText)
    case timeline(UInt64)
  }

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
    let time: UInt64
    let begin: UInt64
    let timeline: TraceTrack?
    let thread: TraceTrack
  }

  /// The groups of buffers and fences. Process ids are lower.
  private static let buffers: UInt32 = 100_000_000
  private static let fences: UInt32 = 200_000_000
  /// The most things that have begun and not ended on a buffer.
  private static let mostOpen = 64

  private var marks: [TraceMark] = []
  private var nextTrack: UInt32 = 100_000_001
  /// The last moment of a row that was forgotten.
  private var horizon: UInt64 = 0
  private var last: UInt64 = 0
  private var rows = RecentDictionary<Row, TraceLanes>(capacity: 1 << 15)
  private var names = RecentDictionary<Row, String>(capacity: 1 << 15)
  private var lives = RecentDictionary<UInt64, Life>(capacity: 1 << 16)
  private var pending = RecentDictionary<FenceKey, PendingFence>(capacity: 1 << 16)
  private var signals = RecentDictionary<FenceKey, Signal>(capacity: 1 << 14)

  init() {
    marks = [
      .group(Self.buffers, name: "buffers", order: -2), .group(Self.fences, name: "fences", order: -1),
    ]
  }

  /// What was drawn since the last call.
  mutating func take() -> [TraceMark] {
    defer { marks.removeAll(keepingCapacity: true) }
    return marks
  }

  /// Adds a step. One that is not reported only ends what was drawn before: a buffer, or a fence.
  mutating func add(_ event: TraceEvent, isReported: Bool) {
    last = max(last, event.time)
    let key = event.fence.map(FenceKey.init)
    let isSignal = event.step == .fenceSignal && key.map { pending[$0] != nil } ?? false
    if isReported || isSignal { draw(event) }
    if let buffer = event.buffer, isReported || lives[buffer.inode] != nil { add(event, on: buffer, isReported) }
    if let fence = event.fence, isReported || key.map({ pending[$0] != nil }) ?? false { add(event, of: fence) }
  }

  /// Ends what has not ended: the trace does.
  mutating func end(at time: UInt64) {
    let time = max(time, last)
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
    case .fenceInit, .fenceSignal: slice(on: row, .step, event.title, from: event.time, to: event.time, event.details)
    case _ where begin == event.time: moment(event, event.title, on: row)
    default: slice(on: row, .step, event.title, from: begin, to: event.time, event.details)
    }
  }

  /// Adds a wait, with arrows from the signal that ended it.
  mutating func add(_ stall: Stall) {
    last = max(last, stall.time)
    let fence = TraceLine(stall).fence?.text ?? "an unknown fence"
    let begin = stall.time - min(stall.time, stall.duration)
    let signal = stall.fence.flatMap { signals[FenceKey($0)] }
    let waking = signal.map(\.time).flatMap { begin <= $0 && $0 < stall.time ? $0 : nil }
    let track = slice(
      on: row(of: stall.process), .wait, "wait for \(fence)", from: begin, to: stall.time, stall.details,
      hasSlices: waking != nil)
    guard let track, let signal else { return }
    if let waking { inner("wake-up", .wait, on: track, from: waking, to: stall.time) }
    let end = TraceArrow.Point(track: track, time: stall.time > begin ? stall.time - 1 : stall.time)
    // Another processor may report the signal after the wait.
    if let timeline = signal.timeline, signal.begin <= end.time {
      let inside = signal.time > signal.begin ? signal.time - 1 : signal.time
      let start = TraceArrow.Point(track: timeline, time: min(inside, end.time))
      marks.append(.arrow(TraceArrow(kind: .signal, from: start, to: end)))
    }
    if signal.time <= end.time {
      let start = TraceArrow.Point(track: signal.thread, time: signal.time)
      marks.append(.arrow(TraceArrow(kind: .signal, from: start, to: end)))
    }
  }

  private mutating func row(of process: TraceEvent.Process) -> Row {
    let row = Row.thread(pid: process.pid, tid: process.tid)
    // Each processor has an idle thread with number 0.
    let name = process.pid == 0 ? "swapper" : process.command.escaped
    if self.name(row, name) {
      marks.append(.group(UInt32(clamping: process.pid), name: name, order: 0))
    }
    return row
  }
}

// MARK: Buffers

extension TraceTracks {
  private mutating func add(_ event: TraceEvent, on buffer: TraceEvent.Buffer, _ isReported: Bool) {
    let isExport = event.step == .export
    let begin = event.time - min(event.time, event.duration ?? 0)
    var life =
      lives.remove(buffer.inode)
      ?? Life(buffer: buffer, begin: begin, exporter: isExport ? event.process : nil)
    life.buffer = buffer
    name(.buffer(buffer.inode), buffer.words)
    switch event.step {
    case .export: break
    case .release: return close(life, at: event.time, by: event.process)
    case .fenceAdd where isReported: addFence(event, to: buffer)
    case _ where isReported:
      let name = "\(event.step.rawValue) \(Units.process(event.process.command, event.process.pid))"
      moment(event, name, on: .buffer(buffer.inode))
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
      let name = "CPU access ino:\(buffer.inode)" + (direction.map { " \($0)" } ?? "")
      slice(on: row(of: period.process), .access, name, from: period.begin, to: end, details)
    } else if let device = period.device {
      let row = Row.device(buffer.inode, device)
      name(row, "ino:\(buffer.inode) \(device.escaped)")
      let name = period.step == .attach ? "attached" : "mapped" + (direction.map { " \($0)" } ?? "")
      slice(on: row, .device, name, from: period.begin, to: end, details)
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
    slice(on: row, .buffer, life.buffer.words, from: life.begin, to: end, facts.compactMap(\.self))
    if process != nil {
      names.remove(row)
      rows.remove(row)
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
    // The kernel has other names for a fence that has signalled or is destroyed.
    if event.step != .fenceDestroy {
      own.fence.driver = fence.driver ?? own.fence.driver
      own.fence.timeline = fence.timeline ?? own.fence.timeline
    }
    own.buffer = event.buffer ?? own.buffer
    switch event.step {
    case .fenceInit: own.creator = event.process
    case .fenceEmit: own.emitted = event.time
    case .fenceSignal:
      let timeline = close(own, at: event.time, state: event.errno.map(ErrnoName.of) ?? "signalled")
      let signal = Signal(
        time: event.time, begin: own.begin, timeline: timeline, thread: track(of: row(of: event.process)))
      _ = signals.set(signal, for: key)
      return
    case .fenceDestroy:
      close(own, at: event.time, state: "destroyed")
      return
    default: break
    }
    for fence in pending.set(own, for: key).values { close(fence, at: event.time, state: "pending") }
  }

  /// Draws a fence from its creation to `end`, and returns the track.
  @discardableResult
  private mutating func close(_ own: PendingFence, at end: UInt64, state: String) -> TraceTrack? {
    let end = max(end, own.begin)
    let fence = TraceLine.Fence(own.fence)
    let row = Row.timeline(own.fence.context)
    let timeline = "\(fence.driver?.escaped ?? "?") \(fence.timeline?.escaped ?? "?")"
    name(row, "\(timeline) \(fence.context)")
    let facts: [TraceDetail?] = [
      own.buffer.map { TraceDetail("buffer", $0.words) }, TraceDetail("context", fence.context),
      own.creator.map { TraceDetail("creator", $0) }, TraceDetail("seqno", fence.seqno), TraceDetail("state", state),
    ]
    let emitted = own.emitted.flatMap { own.begin <= $0 && $0 < end ? $0 : nil }
    let track = slice(
      on: row, .fence, fence.text, from: own.begin, to: end, facts.compactMap(\.self), hasSlices: emitted != nil)
    guard let track else { return nil }
    if let emitted { inner("emitted", .fence, on: track, from: emitted, to: end) }
    if let creator = own.creator {
      let from = TraceArrow.Point(track: self.track(of: self.row(of: creator)), time: own.begin)
      let to = TraceArrow.Point(track: track, time: own.begin)
      marks.append(.arrow(TraceArrow(kind: .create, from: from, to: to)))
    }
    return track
  }

  /// Draws the step on the buffer, with an arrow from the creation of the fence.
  private mutating func addFence(_ event: TraceEvent, to buffer: TraceEvent.Buffer) {
    let track = slice(
      on: .buffer(buffer.inode), .step, event.title, from: event.time, to: event.time, event.details)
    guard let own = event.fence.flatMap({ pending[FenceKey($0)] }), let creator = own.creator, let track else { return }
    let from = TraceArrow.Point(track: self.track(of: row(of: creator)), time: own.begin)
    marks.append(.arrow(TraceArrow(kind: .add, from: from, to: TraceArrow.Point(track: track, time: event.time))))
  }
}

// MARK: Rows

extension TraceTracks {
  /// Draws a slice, and returns its track; `nil` if the row has too many slices at this time. Then its end is marked.
  @discardableResult
  private mutating func slice(
    on row: Row, _ category: TraceSlice.Category, _ name: String, from begin: UInt64, to end: UInt64,
    _ details: [TraceDetail], hasSlices: Bool = false
  ) -> TraceTrack? {
    let main = track(of: row)
    let rowName = names[row] ?? "?"
    var added: TraceMark?
    // The row is removed, so that its lanes are changed and not copied.
    guard var lanes = rows.remove(row) else { return nil }
    let track = lanes.track(from: begin, to: end, hasSlices: hasSlices) { number in
      nextTrack += 1
      let track = TraceTrack(group: main.group, number: nextTrack)
      added = .track(track, name: "\(rowName) (\(number))", order: Self.order(of: row))
      return track
    }
    keep(lanes, for: row)
    if let added { marks.append(added) }
    guard let track else {
      let details = details + [TraceDetail("duration_ns", end - begin)]
      marks.append(
        .moment(TraceSlice(track: main, category: category, name: name, begin: end, end: end, details: details)))
      return nil
    }
    marks.append(
      .slice(TraceSlice(track: track, category: category, name: name, begin: begin, end: end, details: details)))
    return track
  }

  /// Draws a slice inside the last one.
  private mutating func inner(
    _ name: String, _ category: TraceSlice.Category, on track: TraceTrack, from begin: UInt64, to end: UInt64
  ) {
    let slice = TraceSlice(track: track, category: category, name: name, begin: begin, end: end, details: [])
    marks.append(.slice(slice))
  }

  private mutating func moment(_ event: TraceEvent, _ name: String, on row: Row) {
    let slice = TraceSlice(
      track: track(of: row), category: .step, name: name, begin: event.time, end: event.time, details: event.details)
    marks.append(.moment(slice))
  }

  /// Names a row, unless it has this name.
  @discardableResult
  private mutating func name(_ row: Row, _ name: String) -> Bool {
    let track = track(of: row)
    if names[row] == name { return false }
    _ = names.set(name, for: row)
    marks.append(.track(track, name: name, order: Self.order(of: row)))
    return true
  }

  /// The first track of a row.
  private mutating func track(of row: Row) -> TraceTrack {
    if let lanes = rows[row] { return lanes.main }
    names.remove(row)
    let track: TraceTrack
    if case .thread(let pid, let tid) = row {
      track = TraceTrack(group: UInt32(clamping: pid), number: UInt32(clamping: tid))
    } else {
      nextTrack += 1
      track = TraceTrack(group: Self.group(of: row), number: nextTrack)
    }
    keep(TraceLanes(track, horizon: horizon), for: row)
    return track
  }

  private mutating func keep(_ lanes: TraceLanes, for row: Row) {
    if !rows.set(lanes, for: row).isEmpty { horizon = last }
  }

  private static func group(of row: Row) -> UInt32 {
    if case .timeline = row { fences } else { buffers }
  }

  /// A device is below its buffer.
  private static func order(of row: Row) -> UInt64 {
    switch row {
    case .thread(_, let tid): UInt64(clamping: tid)
    case .buffer(let inode): inode << 4
    case .device(let inode, _): inode << 4 | 1
    case .timeline(let context): context
    }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufCensus
import Glibc

/// Fences of a buffer: polling, export, import.
extension ConformanceCheck {
  static let fences: [ConformanceCheck] = [
    .init("C44", "an idle buffer is ready for reading and writing", expect: "5") { context in
      "\(Raw.poll(try context.idleBuffer(), POLLIN | POLLOUT))"
    },
    .init("C45", "an idle buffer exports a signalled fence", expect: "status 1, 1 fence, CLOEXEC") { context in
      let file = try Raw.exportFences(try context.idleBuffer(), 1).orEnd("EXPORT_SYNC_FILE")
      let isClosed = Raw.control(file, F_GETFD).value & 1 == 1
      return "status \(RawSyncFile.status(file)), \(RawSyncFile.count(file)) fence" + (isClosed ? ", CLOEXEC" : "")
    },
    .init("C46", "export accepts only directions", expect: "EINVAL EINVAL EINVAL EINVAL") { context in
      let buffer = try context.buffer()
      return answers([0, 4, 5, 8].map { Raw.exportFences(buffer, $0) })
    },
    .init("C47", "import accepts only sync_files", expect: "EINVAL EINVAL") { context in
      let buffer = try context.buffer()
      return answers([-1, buffer].map { Raw.importFences(buffer, 1, $0) })
    },
    .init("C48", "an imported signalled fence delays no access", expect: "ok, 5", disturbing: true) {
      context in
      let buffer = try context.idleBuffer()
      let file = try Raw.exportFences(buffer, 1).orEnd("EXPORT_SYNC_FILE")
      return "\(Raw.importFences(buffer, 2, file)), \(Raw.poll(buffer, POLLIN | POLLOUT))"
    },
  ]

  static let pendingFences: [ConformanceCheck] = [
    .init("C49", "a fence of a writer delays readers and writers", needs: [.vgem], expect: "0 0", disturbing: true) {
      context in
      try withFence(on: context, isWriting: true) { buffer, _ in
        "\(Raw.poll(buffer, POLLIN)) \(Raw.poll(buffer, POLLOUT))"
      }
    },
    .init(
      "C50", "a fence of a reader delays only writers", needs: [.vgem],
      expect: "IN 1, OUT 0; for readers 1, for writers 0", disturbing: true
    ) { context in
      try withFence(on: context, isWriting: false) { buffer, _ in
        let polled = "IN \(Raw.poll(buffer, POLLIN)), OUT \(Raw.poll(buffer, POLLOUT) >> 2)"
        let status = try [1, 2].map { RawSyncFile.status(try Raw.exportFences(buffer, $0).orEnd("EXPORT_SYNC_FILE")) }
        return polled + "; for readers \(status[0]), for writers \(status[1])"
      }
    },
    .init(
      "C51", "poll holds references until the fence signals", needs: [.vgem], expect: "+2, then +0",
      disturbing: true
    ) { context in
      try withFence(on: context, isWriting: true) { buffer, signal in
        let before = Raw.count(buffer)
        _ = Raw.poll(buffer, POLLIN | POLLOUT)
        let after = Raw.count(buffer)
        signal()
        settle { Raw.count(buffer) == before }
        return "+\(after - before), then +\(Raw.count(buffer) - before)"
      }
    },
    .init(
      "C53", "START waits for a writer until a signal arrives, with and without O_NONBLOCK", needs: [.vgem],
      expect: "EINTR EINTR",
      disturbing: true
    ) { context in
      try withFence(on: context, isWriting: true) { buffer, _ in
        let first = try Raw.synchronize(buffer, 1, interruptedAfter: 50)
        let flags = CInt(Raw.control(buffer, F_GETFL).value)
        _ = Raw.control(buffer, F_SETFL, flags | O_NONBLOCK)
        let second = try Raw.synchronize(buffer, 1, interruptedAfter: 50)
        _ = Raw.control(buffer, F_SETFL, flags)
        return answers(first, second)
      }
    },
    .init("C54", "START for reading does not wait for readers", needs: [.vgem], expect: "ok EINTR", disturbing: true)
    {
      context in
      try withFence(on: context, isWriting: false) { buffer, _ in
        answers(Raw.synchronize(buffer, 1), try Raw.synchronize(buffer, 2, interruptedAfter: 50))
      }
    },
    .init("C55", "END never waits", needs: [.vgem], expect: "ok", disturbing: true) { context in
      try withFence(on: context, isWriting: true) { buffer, signal in
        if context.isUDMABuf {
          // udmabuf requires a first START before END.
          _ = try Raw.synchronize(buffer, 1, interruptedAfter: 20)
        }
        return try Raw.synchronize(buffer, 5, interruptedAfter: 1000).description
      }
    },
  ]

  static let fenceLists: [ConformanceCheck] = [
    .init(
      "C52", "poll keeps the buffer alive until the fence signals", needs: [.swSync, .bufinfo],
      expect: "listed, then gone", disturbing: true
    ) { context in
      let (buffer, timeline) = (try context.buffer(), try Timeline())
      _ = try Raw.importFences(buffer, 2, timeline.fence(1)).orEnd("IMPORT_SYNC_FILE")
      _ = Raw.poll(buffer, POLLIN)
      guard case .given = context.target else {
        let inode = Raw.inode(buffer)
        close(buffer)
        if case .heap = context.target {} else { closeDevices(of: context) }
        let isListed = try DebugTable.ofMachine()[inode] != nil
        timeline.advance(1)
        settle { ((try? DebugTable.ofMachine()).map { $0[inode] == nil }) ?? true }
        let isGone = try DebugTable.ofMachine()[inode] == nil
        return (isListed ? "listed" : "not listed") + (isGone ? ", then gone" : ", then listed")
      }
      throw CheckSkipped("another process holds the buffer")
    },
    .init(
      "C56", "a later import does not change an exported sync_file", needs: [.swSync], expect: "1, then 1",
      disturbing: true
    ) { context in
      let (buffer, timeline) = (try context.buffer(), try Timeline())
      let file = try Raw.exportFences(buffer, 1).orEnd("EXPORT_SYNC_FILE")
      let before = RawSyncFile.status(file)
      _ = try Raw.importFences(buffer, 2, timeline.fence(1)).orEnd("IMPORT_SYNC_FILE")
      return "\(before), then \(RawSyncFile.status(file))"
    },
    .init(
      "C57", "a later fence replaces an earlier one of its timeline", needs: [.swSync, .bufinfo],
      expect: "read 9",
      disturbing: true
    ) { context in
      let (buffer, timeline) = (try context.buffer(), try Timeline())
      for value: UInt32 in [2, 9] { try put(timeline.fence(value), 1, on: buffer) }
      return try pending(buffer)
    },
    .init(
      "C58", "an earlier fence is added, and a writer replaces its reader", needs: [.swSync, .bufinfo],
      expect: "read 1 read 9, then read 9 write 1", disturbing: true
    ) { context in
      let (buffer, timeline) = (try context.buffer(), try Timeline())
      for value: UInt32 in [2, 9, 1] { try put(timeline.fence(value), 1, on: buffer) }
      let before = try pending(buffer)
      try put(timeline.fence(1), 2, on: buffer)
      return "\(before), then \(try pending(buffer))"
    },
    .init(
      "C59", "merged fences are imported one by one", needs: [.swSync, .bufinfo], expect: "read 3 read 4",
      disturbing: true
    ) { context in
      let (buffer, first, second) = (try context.buffer(), try Timeline(), try Timeline())
      let merged = try RawSyncFile.merge(try first.fence(3), try second.fence(4)).orEnd("SYNC_IOC_MERGE")
      try put(merged, 1, on: buffer)
      return try pending(buffer)
    },
    .init("C60", "epoll reports when the fence signals", needs: [.swSync], expect: "0, then 5", disturbing: true) {
      context in
      let (buffer, timeline) = (try context.buffer(), try Timeline())
      try put(timeline.fence(1), 2, on: buffer)
      let queue = try CallResult(cdmabuf_epoll(buffer, 5)).orEnd("epoll_ctl")
      let before = cdmabuf_epoll_ready(queue, 0)
      timeline.advance(1)
      return "\(before), then \(cdmabuf_epoll_ready(queue, 1000))"
    },
  ]

  /// Runs `body` with a pending vgem fence on the buffer and a function that signals it. The fence is signalled
  /// afterwards in any case.
  private static func withFence(
    on context: CheckContext, isWriting: Bool, _ body: (CInt, () -> Void) throws -> String
  ) throws -> String {
    let (buffer, device) = (try context.buffer(), try TestDevice())
    let fence = try device.fence(on: buffer, isWriting: isWriting)
    defer { _ = device.signal(fence) }
    return try body(buffer) { _ = device.signal(fence) }
  }

  private static func put(_ fence: CInt, _ flags: UInt32, on buffer: CInt) throws {
    _ = try Raw.importFences(buffer, flags, fence).orEnd("IMPORT_SYNC_FILE")
  }

  private static func closeDevices(of context: CheckContext) {
    if let node = try? context.node() { close(node) }
  }

  /// Lists `USAGE SEQNO` of each pending fence, sorted.
  private static func pending(_ buffer: CInt) throws -> String {
    let fences = try DebugTable.ofMachine()[buffer]?.fences ?? []
    return fences.filter { !$0.isSignalled }
      .map { "\($0.usage.string) \($0.sequence.map(String.init) ?? "?")" }
      .sorted().joined(separator: " ")
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufCensus
import DMABufHost
import Glibc

/// The kernel's lists of buffers.
extension ConformanceCheck {
  private static let openFlags = UInt32(O_ACCMODE | O_NONBLOCK)
  private static let statistics = "/sys/kernel/dmabuf/buffers/"

  static let listings: [ConformanceCheck] = [
    .init(
      "C115", "bufinfo and fdinfo report the same", needs: [.bufinfo],
      expect: "size, flags, count, exporter and name agree"
    ) { context in
      let buffer = try context.buffer()
      let table = try DebugTable.ofMachine()
      guard let row = table[buffer], let information = Raw.fdinfo(buffer) else { return "not listed" }
      let flags = UInt32(truncatingIfNeeded: Raw.control(buffer, F_GETFL).value) & openFlags
      // The count in fdinfo does not include the reader's reference.
      let agree = [
        ("size", row.size == information.size), ("flags", table.flags[row.inode].map { $0 & openFlags } == flags),
        ("count", row.count == information.count), ("exporter", row.exporter == information.exporter),
        ("name", row.name == information.name),
      ]
      let other = agree.filter { !$0.1 }.map(\.0)
      return other.isEmpty
        ? "size, flags, count, exporter and name agree" : "differ: " + other.joined(separator: ", ")
    },
    .init(
      "C116", "bufinfo's last line sums up its rows", on: .machine, needs: [.bufinfo], expect: "as many, as large"
    ) {
      context in
      _ = try context.buffer()
      let list = try DebugTable.ofMachine()
      guard let total = list.total, let bytes = total.bytes else { return "no last line" }
      let sum = list.buffers.compactMap(\.size).reduce(0, +)
      let isSum = total.buffers == list.buffers.count && bytes == sum
      return isSum
        ? "as many, as large" : "\(list.buffers.count), \(sum) bytes; total \(total.buffers), \(bytes) bytes"
    },
    .init(
      "C117", "a pending fence is CONTEXT:SEQNO TIMELINE DRIVER", on: .machine, needs: [.swSync, .bufinfo],
      expect: .versions("DRIVER TIMELINE seq SEQNO", "DRIVER TIMELINE seq SEQNO", "CONTEXT:SEQNO TIMELINE DRIVER")
    ) { context in
      let (buffer, timeline) = (try context.buffer(), try Timeline())
      _ = try Raw.importFences(buffer, 2, timeline.fence(7)).orEnd("IMPORT_SYNC_FILE")
      guard let fence = try DebugTable.ofMachine()[buffer]?.fences?.first else { return "none" }
      guard !fence.isSignalled, fence.driver?.string == "sw_sync", fence.sequence == 7 else { return "\(fence)" }
      return fence.context == nil ? "DRIVER TIMELINE seq SEQNO" : "CONTEXT:SEQNO TIMELINE DRIVER"
    },
    .init(
      "C118", "sysfs shows size and exporter, and removes the buffer at its last close", needs: [.sysfsStatistics],
      expect: "as fdinfo, then gone"
    ) { context in
      if case .given = context.target { throw CheckSkipped("others hold the buffer") }
      let buffer = try context.buffer()
      let directory = statistics + "\(Raw.inode(buffer))"
      let information = Raw.fdinfo(buffer)
      let isSame =
        SmallFile.number(directory + "/size") == information?.size
        && SmallFile.text(directory + "/exporter_name") == information?.exporter.string
      // A DRM or V4L2 device also references its buffer.
      if let node = try? context.node() { close(node) }
      close(buffer)
      return (isSame ? "as fdinfo" : "different")
        + (FilePermissions(directory) == nil ? ", then gone" : ", then there")
    },
    .init("C119", "sysfs has no dma-buf statistics", on: .machine, expect: "absent") { _ in
      guard KernelVersion.running >= KernelVersion(7, 0) else {
        throw CheckSkipped("sysfs may have statistics before Linux 7")
      }
      return FilePermissions("/sys/kernel/dmabuf") == nil ? "absent" : "present"
    },
  ]
}

/// Buffers of other processes, and buffers in messages.
extension ConformanceCheck {
  static let processes: [ConformanceCheck] = [
    .init(
      "C120", "another user's buffers cannot be read or duplicated", on: .machine, needs: [.root],
      expect: "EACCES EACCES EACCES EACCES EPERM"
    ) { context in
      let buffer = try context.buffer()
      let owner = getpid()
      let outcome = try ChildProcess.run(within: 30_000_000_000) {
        guard cdmabuf_become(65534) == 0 else { return "skip" }
        let process = "/proc/\(owner)"
        var status = stat()
        let stated = unsafe CallResult(stat(process + "/fd/\(buffer)", &status))
        var text: CChar = 0
        let read = unsafe CallResult(readlink(process + "/fd/\(buffer)", &text, 1))
        let others = ["/fdinfo/\(buffer)", "/maps"].map { Raw.open(process + $0, O_RDONLY) }
        let handle = CallResult(cdmabuf_pidfd_open(owner))
        let taken = handle.isDone ? CallResult(cdmabuf_pidfd_getfd(handle.descriptor, buffer)) : handle
        if taken.errno == ENOSYS { return "absent" }
        return answers([stated, read] + others + [taken])
      }
      guard case .output(let text) = outcome, text != "skip" else {
        throw CheckSkipped("this process cannot change its user")
      }
      if text == "absent" { throw CheckSkipped(CallResult.absent("pidfd_getfd")) }
      if text.hasPrefix("ENOENT") { throw CheckSkipped("/proc hides other users' processes (hidepid)") }
      return text
    },
    .init(
      "C121", "the descriptor of a child can be duplicated", on: .machine,
      expect: "CLOEXEC, same file; EINVAL EBADF; ended: ESRCH"
    ) { context in
      let buffer = try context.buffer()
      let child = cdmabuf_fork_apart()
      if child == 0 { while true { pause() } }
      let handle = try CallResult(cdmabuf_pidfd_open(child)).orEnd("pidfd_open")
      let taken = try CallResult(cdmabuf_pidfd_getfd(handle, buffer)).orSkip("pidfd_getfd")
      if taken.errno == EPERM { throw CheckSkipped("a security module denies access to other processes") }
      let isClosed = Raw.control(taken.descriptor, F_GETFD).value & 1 == 1
      let found = "\(isClosed ? "CLOEXEC" : "open"), \(try Raw.sameFile(buffer, taken.descriptor)) file"
      let refused = answers(
        CallResult(cdmabuf_pidfd_getfd_with(handle, buffer, 1)), CallResult(cdmabuf_pidfd_getfd(handle, 1_000_000)))
      kill(child, SIGKILL)
      _ = waitpid(child, nil, 0)
      return "\(found); \(refused); ended: \(CallResult(cdmabuf_pidfd_getfd(handle, buffer)))"
    },
    .init(
      "C122", "a buffer in flight adds one to count and arrives as the same buffer", on: .machine,
      expect: "+1, same inode, CLOEXEC as asked"
    ) { context in
      let buffer = try context.buffer()
      let before = Raw.count(buffer)
      let sockets = try socketPair()
      _ = try unsafe CallResult(cdmabuf_send(sockets[0], [0] as [UInt8], 1, [buffer], 1)).orEnd("sendmsg")
      let inFlight = Raw.count(buffer) - before
      var byte: UInt8 = 0
      var isTruncated = false
      var count = 0
      var received = [CInt](repeating: -1, count: Int(CDMABUF_MOST_DESCRIPTORS))
      _ = try unsafe CallResult(cdmabuf_receive(sockets[1], &byte, 1, &received, &count, &isTruncated)).orEnd(
        "recvmsg")
      guard count == 1 else { return "+\(inFlight), \(count) arrived" }
      let inode = Raw.inode(received[0]) == Raw.inode(buffer) ? "same inode" : "another inode"
      let isClosed = Raw.control(received[0], F_GETFD).value & 1 == 1
      return "+\(inFlight), \(inode), " + (isClosed ? "CLOEXEC as asked" : "no CLOEXEC")
    },
  ]
}

/// Trace events.
extension ConformanceCheck {
  private static let traceDirectory = "/sys/kernel/tracing/"

  static let tracing: [ConformanceCheck] = [
    .init(
      "C125", "an allocation is traced, the last close is not", on: .machine, needs: [.tracefs, .root],
      expect: "export and fd, then nothing", invasive: true
    ) { context in
      guard FilePermissions(traceDirectory + "events/dma_buf") != nil else {
        throw CheckSkipped("no events of dma_buf (Linux 7)")
      }
      return try withTraces(of: "dma_buf", context) { lines in
        let buffer = try context.buffer()
        let wanted = "ino=\(Raw.inode(buffer))"
        let first = lines().filter { $0.contains(wanted) }
        let isTraced = ["dma_buf_export:", "dma_buf_fd:"].allSatisfy { event in first.contains { $0.contains(event) }
        }
        close(buffer)
        let later = lines().filter { $0.contains(wanted) }.dropFirst(first.count)
        return (isTraced ? "export and fd" : "not both") + (later.isEmpty ? ", then nothing" : ", then more")
      }
    },
    .init(
      "C126", "the end of a signalled fence is traced without its driver", on: .machine,
      needs: [.tracefs, .root, .swSync], expect: .versions("sw_sync", "sw_sync", "detached-driver")
    ) { context in
      guard FilePermissions(traceDirectory + "events/dma_fence") != nil else {
        throw CheckSkipped("no events of dma_fence")
      }
      return try withTraces(of: "dma_fence", context) { lines in
        let timeline = try Timeline()
        let fence = try timeline.fence(1)
        timeline.advance(1)
        close(fence)
        settle { lines().contains { $0.contains("dma_fence_destroy") } }
        let line = lines().first { $0.contains("dma_fence_destroy:") } ?? "not traced"
        return String(line.firstMatch(of: #/driver=(\S+)/#)?.1 ?? Substring(line))
      }
    },
  ]

  /// Runs `body` with events enabled in the check's trace instance.
  private static func withTraces(
    of group: String, _ context: CheckContext, _ body: (() -> [Substring]) throws -> String
  ) throws -> String {
    guard let instance = context.traces else { throw CheckSkipped("no trace instance") }
    try OpenFile("\(instance)/events/\(group)/enable", O_WRONLY).write("1\n".utf8)
    return try body { (SmallFile.text(instance + "/trace") ?? "").split(scalar: "\n") }
  }
}

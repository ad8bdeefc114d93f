// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// Work in a process of its own: whatever it opens, maps or breaks ends with it.
package enum ChildProcess {
  /// How it ended.
  package enum Outcome {
    /// By itself, with this text; an empty one may be the end of a process that broke down.
    case output(String)
    /// By a signal, without any text.
    case ended(bySignal: CInt)
    /// Not within its time.
    case timedOut
  }

  /// Runs `body` in a child and returns the text that it returns, at most 60,000 bytes of it. The child, and what it
  /// started, is killed after `nanoseconds`, and before when this process is asked to end or ends. A child that has
  /// to `finish` is left to work until then.
  ///
  /// Corresponds to `fork(2)`; no other thread may run. Throws ``Interrupted`` when this process is asked to end.
  package static func run(
    within nanoseconds: UInt64, finish: Bool = false, _ body: () -> String
  ) throws -> Outcome {
    var ends: [CInt] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw KernelError(.pipe, on: "child") }
    let reading = OwnedDescriptor(owning: ends[0])
    let child = cdmabuf_fork_apart()
    if child == 0 {
      if finish { cdmabuf_outlive_parent() }
      let text = body()
      let file = OpenFile(OwnedDescriptor(owning: ends[1]), name: "pipe")
      try? file.write(text.utf8.prefix(60_000))
      cdmabuf_end_child()
    }
    let reason = errno
    close(ends[1])
    guard child > 0 else { throw KernelError(.fork, on: "child", errno: .init(rawValue: reason)) }
    let text = collect(reading, until: Deadline(after: .nanoseconds(nanoseconds)), finish: finish)
    // Gone already when all is well; its children may not be.
    kill(-child, SIGKILL)
    kill(child, SIGKILL)
    var status: CInt = 0
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
    try Interruption.check()
    guard let text else { return .timedOut }
    let signal = status & 0x7f
    return text.isEmpty && signal != 0 ? .ended(bySignal: signal) : .output(text)
  }

  /// All that comes before the other end is closed; `nil` when that takes too long.
  private static func collect(
    _ descriptor: borrowing OwnedDescriptor, until deadline: Deadline, finish: Bool
  ) -> String? {
    var bytes: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    defer { unsafe chunk.deallocate() }
    while finish || Interruption.signal == nil {
      if deadline.isPast { return nil }
      guard ((try? Polling.poll(POLLIN, of: descriptor.rawValue, on: "child", deadline: deadline)) ?? 0) != 0 else {
        continue
      }
      let count = unsafe read(descriptor.rawValue, chunk.baseAddress, chunk.count)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      if count > 0 { unsafe bytes += chunk[..<count] }
    }
    return nil
  }
}

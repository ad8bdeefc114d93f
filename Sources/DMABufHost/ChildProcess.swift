// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// Runs work in its own process: everything that the work opens, maps or breaks ends with the process.
package enum ChildProcess {
  /// The end of the process.
  package enum Outcome {
    /// The process ended by itself, with this text. An empty text may mean that the process crashed.
    case output(String)
    /// A signal ended the process, without any text.
    case ended(bySignal: CInt)
    /// The process did not end within its time.
    case timedOut
  }

  /// Runs `body` in a child process and returns its result, at most 60,000 bytes. The child and its own children are
  /// killed after `nanoseconds`, or earlier when this process ends or is asked to end. With `finish`, the child is not
  /// killed earlier.
  ///
  /// Corresponds to `fork(2)`; no other thread may run. Throws ``Interrupted`` when this process is asked to end.
  package static func run(
    within nanoseconds: UInt64, finish: Bool = false, _ body: () -> String
  ) throws -> Outcome {
    var ends: [CInt] = [-1, -1]
    guard unsafe cdmabuf_pipe(&ends) == 0 else { throw KernelError(.pipe, on: "child") }
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
    // Usually the child has ended already, but its own children may still run.
    kill(-child, SIGKILL)
    kill(child, SIGKILL)
    var status: CInt = 0
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
    try Interruption.check()
    guard let text else { return .timedOut }
    let signal = status & 0x7f
    return text.isEmpty && signal != 0 ? .ended(bySignal: signal) : .output(text)
  }

  /// Reads until the other end is closed. Returns `nil` on timeout.
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

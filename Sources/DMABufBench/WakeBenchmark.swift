// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import DMABufExercise
import Glibc
import SystemPackage

/// The driver of the fences that measure ``TimedOperation/wake``.
public enum FenceSource: Sendable {
  /// vgem, with fences on the buffer.
  case vgem
  /// sw_sync, which only root can use, and which taints Linux 7 and later.
  case swSync
}

extension Benchmark {
  /// Measures ``TimedOperation/wake``: a thread polls a fence, the fence is signalled later, and the thread reads the
  /// clock.
  public func waking(by fences: FenceSource) throws -> [Measurement] {
    let times =
      switch fences {
      case .vgem: try wakingByVGEM()
      case .swSync: try wakingBySWSync()
      }
    return [Measurement(.wake, times.first)]
  }

  private func wakingByVGEM() throws -> (first: Statistics, second: Statistics) {
    let buffer = try source.allocate(size, readOnly: false)
    let device = try VGEM()
    let sleeper = try Sleeper()
    return try repetition.run {
      let fence = try device.attachFence(to: buffer, for: .write)
      try sleeper.sleep(on: buffer.descriptorNumber)
      let start = Clock.now
      try device.signal(fence)
      return (try sleeper.wakingTime(since: start), 0)
    }
  }

  private func wakingBySWSync() throws -> (first: Statistics, second: Statistics) {
    let timeline = try SWSyncTimeline(named: "dmabuf bench")
    let sleeper = try Sleeper()
    var value: UInt32 = 0
    return try repetition.run {
      value += 1
      let fence = try timeline.makeFence(at: value)
      try sleeper.sleep(on: fence.descriptorNumber)
      let start = Clock.now
      try timeline.advance(by: 1)
      return (try sleeper.wakingTime(since: start), 0)
    }
  }
}

/// A thread that polls a descriptor on request, and reports when it woke. The thread ends with this value.
private struct Sleeper: ~Copyable {
  private let socket: OpenFile
  private let thread: pthread_t

  init() throws(KernelError) {
    let sockets = try UnixSocket.descriptorPair()
    let theirs = sockets[1]
    let socket = OpenFile(OwnedDescriptor(owning: sockets[0]), name: "sleeper")
    // The measuring thread handles signals.
    var (all, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    do throws(KernelError) {
      thread = try startThread {
        Self.serve(theirs)
        close(theirs)
      }
    } catch {
      close(theirs)
      throw error
    }
    self.socket = socket
  }

  deinit {
    // The thread also polls the socket, so it ends without a signal of the fence.
    shutdown(socket.descriptor.rawValue, CInt(SHUT_RDWR))
    pthread_join(thread, nil)
  }

  /// Starts the thread's poll. Returns when the thread is about to sleep.
  func sleep(on descriptor: CInt) throws {
    var descriptor = descriptor
    let socket = socket.descriptor.rawValue
    _ = try Interruption.restarting(.write, on: "sleeper") { unsafe write(socket, &descriptor, 4) }
    _ = try receiveMoment()
    // The thread sleeps shortly after its report.
    try Deadline(after: .milliseconds(1)).sleep()
  }

  /// The time from `start`, in nanoseconds of ``Clock``, until the thread woke. Throws ``NotMeasurable`` when the
  /// thread woke before `start`.
  func wakingTime(since start: UInt64) throws -> UInt64 {
    let moment = try receiveMoment()
    guard moment >= start else { throw NotMeasurable("the kernel woke the thread before its fence had signalled") }
    return moment - start
  }

  private func receiveMoment() throws(KernelError) -> UInt64 {
    var moment: UInt64 = 0
    let socket = socket.descriptor.rawValue
    _ = try Interruption.restarting(.read, on: "sleeper") { unsafe read(socket, &moment, 8) }
    return moment
  }

  private static func serve(_ socket: CInt) {
    var descriptor: CInt = -1
    while unsafe read(socket, &descriptor, 4) == 4 {
      var moment: UInt64 = 0
      unsafe write(socket, &moment, 8)
      _ = try? Polling.poll([(descriptor, POLLIN), (socket, 0)], on: "sleeper")
      moment = Clock.now
      unsafe write(socket, &moment, 8)
    }
  }
}

internal import CDMABuf
import Glibc
import SystemPackage

/// Which way the CPU's data goes.
public struct AccessDirection: OptionSet, Hashable, Sendable {
  /// The bits of `DMA_BUF_SYNC_RW`.
  public let rawValue: UInt64

  /// Takes the kernel's bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The CPU reads: caches are made to show what devices wrote.
  public static let read = AccessDirection(rawValue: UInt64(DMA_BUF_SYNC_READ))
  /// The CPU writes: caches are written back for devices at the end.
  public static let write = AccessDirection(rawValue: 2)

  var protection: CInt {
    (contains(.read) ? PROT_READ : 0) | (contains(.write) ? PROT_WRITE : 0)
  }
}

extension DMABuffer {
  private static var synchronize: Request<dma_buf_sync> {
    Request("DMA_BUF_IOCTL_SYNC", CDMABUF_DMA_BUF_IOCTL_SYNC)
  }

  /// Waits for the devices' fences and makes memory ready for the CPU. A reader waits for writers,
  /// a writer for everyone.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_SYNC` with `DMA_BUF_SYNC_START`. The kernel waits without limit, so with a
  /// `deadline` the fences are first waited for by `poll(2)`; a fence that comes after that is waited for by
  /// START, which a timer of this thread interrupts. Throws `ETIMEDOUT` once `deadline` has passed.
  public func beginAccess(_ direction: AccessDirection, deadline: Deadline? = nil) throws(KernelError) {
    if let deadline { try awaitFences(for: direction, deadline: deadline) }
    var argument = dma_buf_sync(flags: direction.rawValue)
    try file.ioctl(Self.synchronize, &argument, deadline: deadline, retryingAgain: true)
  }

  /// Waits for the fences that START would wait for; at once where the kernel does not export them (before
  /// Linux 6.0).
  private func awaitFences(for direction: AccessDirection, deadline: Deadline) throws(KernelError) {
    guard let fences = try? exportSyncFile(for: direction) else { return }
    var entries = [pollfd(fd: fences.descriptorNumber, events: Int16(POLLIN), revents: 0)]
    guard try Polling.wait(&entries, on: file.name, deadline: deadline) else {
      throw KernelError(Self.synchronize.name, on: file.name, errno: .timedOut)
    }
  }

  /// The same, and calls `slow` when a second has not been enough.
  public func beginAccess(
    _ direction: AccessDirection, deadline: Deadline?, slow: () -> Void
  ) throws(KernelError) {
    do throws(KernelError) {
      return try beginAccess(direction, deadline: Deadline(after: .seconds(1)).earlier(of: deadline))
    } catch {
      guard error.errno == .timedOut, deadline?.remaining != 0 else { throw error }
    }
    slow()
    try beginAccess(direction, deadline: deadline)
  }

  /// Gives the memory back to the devices.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_SYNC` with `DMA_BUF_SYNC_END`. It never waits, so it is made again
  /// even when the process is asked to end. Throws `EINVAL` on a udmabuf that was never started.
  @inline(__always)
  public func endAccess(_ direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_sync(flags: direction.rawValue | 4)
    while true {
      let result = unsafe cdmabuf_ioctl(file.descriptor.rawValue, Self.synchronize.number, &argument)
      if result >= 0 { return }
      let reason = Errno(rawValue: errno)
      if reason != .interrupted && reason != .resourceTemporarilyUnavailable {
        throw KernelError(Self.synchronize.name, on: file.name, errno: reason)
      }
    }
  }

  /// Runs `body` between START and END; END follows an error too. Calls `slow` when START takes longer than
  /// a second.
  public func withAccess<Result>(
    _ direction: AccessDirection, deadline: Deadline? = nil, slow: () -> Void = {}, _ body: () throws -> Result
  ) throws -> Result {
    try beginAccess(direction, deadline: deadline, slow: slow)
    let result: Result
    do {
      result = try body()
    } catch {
      try? endAccess(direction)
      throw error
    }
    try endAccess(direction)
    return result
  }
}

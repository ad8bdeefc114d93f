// SPDX-License-Identifier: MIT
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
  public static let write = AccessDirection(rawValue: UInt64(DMA_BUF_SYNC_WRITE))

  package var protection: CInt {
    (contains(.read) ? PROT_READ : 0) | (contains(.write) ? PROT_WRITE : 0)
  }

  /// What a buffer is polled for: it is readable when those who write are done, writable when everyone is.
  var readiness: Int32 { contains(.write) ? POLLOUT : POLLIN }
}

extension DMABuffer {
  private static var synchronize: Request<dma_buf_sync> {
    Request(.DMA_BUF_IOCTL_SYNC, CDMABUF_DMA_BUF_IOCTL_SYNC)
  }

  /// Waits for the devices' fences and makes memory ready for the CPU. A reader waits for writers,
  /// a writer for everyone.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_SYNC` with `DMA_BUF_SYNC_START`.
  public func beginAccess(_ direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_sync(flags: direction.rawValue | UInt64(DMA_BUF_SYNC_START))
    try file.ioctl(Self.synchronize, &argument, retryingAgain: true)
  }

  /// The same, until `deadline`.
  ///
  /// START waits without limit, so the fences are waited for by `poll(2)` first. A fence that comes after that is
  /// waited for by START all the same, whose deadline is looked at when a signal interrupts it.
  ///
  /// Throws ``TimedOut`` once `deadline` has passed.
  public func beginAccess(_ direction: AccessDirection, deadline: Deadline) throws {
    guard try waitForFences(direction, deadline: deadline) else {
      throw TimedOut(.DMA_BUF_IOCTL_SYNC, on: file.name)
    }
    try start(direction, deadline: deadline)
  }

  /// The same, and calls `slow` when a second has not been enough.
  public func beginAccess(_ direction: AccessDirection, deadline: Deadline?, slow: () -> Void) throws {
    do {
      return try beginAccess(direction, deadline: Deadline(after: .seconds(1)).earlier(of: deadline))
    } catch let error as TimedOut {
      if let deadline, deadline.isPast { throw error }
    }
    slow()
    if let deadline { try beginAccess(direction, deadline: deadline) } else { try beginAccess(direction) }
  }

  private func start(_ direction: AccessDirection, deadline: Deadline) throws {
    var argument = dma_buf_sync(flags: direction.rawValue | UInt64(DMA_BUF_SYNC_START))
    try file.ioctl(Self.synchronize, &argument, retryingAgain: true, until: deadline)
  }

  /// Waits for the fences that START would wait for; `false` when `deadline` has passed first. Kernels before
  /// Linux 6.0 do not export them: there the buffer itself is polled.
  private func waitForFences(_ direction: AccessDirection, deadline: Deadline) throws(KernelError) -> Bool {
    guard let fences = try? exportSyncFile(for: direction) else {
      return try Polling.poll(
        direction.readiness, of: file.descriptor.rawValue, on: file.name, deadline: deadline) != 0
    }
    return try Polling.poll(POLLIN, of: fences.descriptorNumber, on: file.name, deadline: deadline) != 0
  }

  /// Gives the memory back to the devices.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_SYNC` with `DMA_BUF_SYNC_END`. It never waits, so it is made again
  /// even when the process is asked to end. Throws `EINVAL` on a udmabuf that was never started.
  public func endAccess(_ direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_sync(flags: direction.rawValue | UInt64(DMA_BUF_SYNC_END))
    try file.ioctlToTheEnd(Self.synchronize, &argument)
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

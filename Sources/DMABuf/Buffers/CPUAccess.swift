// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// The direction of a CPU access: read, write or both.
public struct AccessDirection: OptionSet, Hashable, Sendable {
  /// The bits of `DMA_BUF_SYNC_RW`.
  public let rawValue: UInt64

  /// Creates a direction from the kernel's bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The CPU reads. START makes the data that devices wrote visible to the CPU.
  public static let read = AccessDirection(rawValue: UInt64(DMA_BUF_SYNC_READ))
  /// The CPU writes. END writes the caches back for devices.
  public static let write = AccessDirection(rawValue: UInt64(DMA_BUF_SYNC_WRITE))

  package var protection: CInt {
    (contains(.read) ? PROT_READ : 0) | (contains(.write) ? PROT_WRITE : 0)
  }

  /// The `poll(2)` event of a buffer. A buffer is readable when all writers are done, and writable when all readers are
  /// done, too.
  var readiness: Int32 { contains(.write) ? POLLOUT : POLLIN }
}

extension DMABuffer {
  private static var synchronize: Request<dma_buf_sync> {
    Request(.DMA_BUF_IOCTL_SYNC, CDMABUF_DMA_BUF_IOCTL_SYNC)
  }

  /// Waits for the devices' fences and prepares the memory for the CPU. A read waits for writers, a write waits for
  /// readers and writers.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_SYNC` with `DMA_BUF_SYNC_START`.
  public func beginAccess(_ direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_sync(flags: direction.rawValue | UInt64(DMA_BUF_SYNC_START))
    try file.ioctl(Self.synchronize, &argument, retryingAgain: true)
  }

  /// Begins an access, and waits at most until `deadline`.
  ///
  /// START waits without limit, so `poll(2)` waits for the fences first. START still waits for a fence that is added
  /// after that. The deadline is then checked only when a signal interrupts START.
  ///
  /// Throws ``TimedOut`` once `deadline` has passed.
  public func beginAccess(_ direction: AccessDirection, deadline: Deadline) throws {
    guard try waitForFences(direction, deadline: deadline) else {
      throw TimedOut(.DMA_BUF_IOCTL_SYNC, on: file.name)
    }
    try start(direction, deadline: deadline)
  }

  /// Begins an access, and calls `slow` when START has not succeeded within one second.
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

  /// Waits for the fences that START would wait for. Returns `false` when `deadline` has passed first. Kernels before
  /// Linux 6.0 cannot export these fences: there the buffer itself is polled.
  private func waitForFences(_ direction: AccessDirection, deadline: Deadline) throws(KernelError) -> Bool {
    guard let fences = try? exportSyncFile(for: direction) else {
      return try Polling.poll(
        direction.readiness, of: file.descriptor.rawValue, on: file.name, deadline: deadline) != 0
    }
    return try Polling.poll(POLLIN, of: fences.descriptorNumber, on: file.name, deadline: deadline) != 0
  }

  /// Ends the CPU access, and makes the memory ready for devices again.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_SYNC` with `DMA_BUF_SYNC_END`. END never waits, so an interrupted call is repeated
  /// even when the process was asked to end. Throws `EINVAL` on a udmabuf whose access was never begun.
  public func endAccess(_ direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_sync(flags: direction.rawValue | UInt64(DMA_BUF_SYNC_END))
    try file.ioctlToTheEnd(Self.synchronize, &argument)
  }

  /// Runs `body` between START and END. END follows an error, too. Calls `slow` when START takes longer than one
  /// second.
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

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

extension V4L2Node {
  /// Lets a queue run while `body` does, and stops it.
  ///
  /// Corresponds to `VIDIOC_STREAMON` and `VIDIOC_STREAMOFF`. Throws `EINVAL` without enough
  /// buffers, `EPIPE` or `ENOLINK` when the pipeline of a media device is not set up.
  public func withStreaming<Result>(_ queue: V4L2Queue, _ body: () throws -> Result) throws -> Result {
    var type = CInt(queue.type)
    try file.ioctl(Request(.VIDIOC_STREAMON, CDMABUF_VIDIOC_STREAMON), &type)
    defer { _ = try? file.ioctl(Request(.VIDIOC_STREAMOFF, CDMABUF_VIDIOC_STREAMOFF), &type) }
    return try body()
  }

  /// Waits until the driver has filled a buffer of the queue, and dequeues it.
  ///
  /// Corresponds to `poll(2)` and `VIDIOC_DQBUF`. Throws ``TimedOut`` once `deadline` has passed, ``StreamEnded`` when
  /// there will be no frame any more.
  public func nextFrame(from queue: V4L2Queue, _ memory: V4L2Memory, deadline: Deadline) throws -> V4L2Frame {
    while true {
      do throws(KernelError) {
        return try dequeueBuffer(from: queue, memory)
      } catch {
        guard error.errno == .resourceTemporarilyUnavailable else { throw error }
      }
      try waitForEvent(queue.isOutput ? POLLOUT : POLLIN, deadline: deadline)
    }
  }

  /// Waits until the device has done what `event` of `poll(2)` stands for.
  package func waitForEvent(_ event: CInt, deadline: Deadline) throws {
    if deadline.isPast { throw TimedOut(.VIDIOC_DQBUF, on: path) }
    let ready = try Polling.poll(event, of: file.descriptor.rawValue, on: path, deadline: deadline)
    // Both at once and nothing to take: the device is gone, or its queue broke down.
    if ready & POLLERR != 0, ready & event == 0 {
      throw StreamEnded(path: path, reason: isGone ? .deviceGone : .queueFailed)
    }
  }

  /// Has the device gone, unplugged or without its driver? All requests are refused then.
  private var isGone: Bool {
    var capability = v4l2_capability()
    do throws(KernelError) {
      try file.ioctl(Request(.VIDIOC_QUERYCAP, CDMABUF_VIDIOC_QUERYCAP), &capability)
      return false
    } catch {
      return error.errno == .operationNotSupportedByDevice
    }
  }
}

/// A queue that gives no frames any more.
public struct StreamEnded: Error, Equatable, Sendable {
  /// Why it gives none.
  public enum Reason: Sendable {
    /// The device was unplugged, or its driver removed.
    case deviceGone
    /// The driver reports an error of the queue.
    case queueFailed
  }

  /// The node's path.
  public let path: String
  /// Why.
  public let reason: Reason
}

extension StreamEnded: CustomStringConvertible {
  /// In the words that the kernel has for the reason.
  public var description: String {
    "\(path): poll: \(reason == .deviceGone ? Errno.operationNotSupportedByDevice : .ioError)"
  }
}

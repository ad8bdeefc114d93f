// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

extension V4L2Node {
  /// Starts streaming on a queue, runs `body`, and stops streaming, even when the process was asked to end.
  ///
  /// Corresponds to `VIDIOC_STREAMON` and `VIDIOC_STREAMOFF`. Throws `EINVAL` without enough
  /// buffers, `EPIPE` or `ENOLINK` when the pipeline of a media device is not set up.
  public func withStreaming<Result>(_ queue: V4L2Queue, _ body: () throws -> Result) throws -> Result {
    var type = CInt(queue.type)
    try file.ioctl(Request(.VIDIOC_STREAMON, CDMABUF_VIDIOC_STREAMON), &type)
    defer { try? file.ioctlToTheEnd(Request(.VIDIOC_STREAMOFF, CDMABUF_VIDIOC_STREAMOFF), &type) }
    return try body()
  }

  /// Waits until the driver has filled a buffer of the queue, and dequeues it.
  ///
  /// Corresponds to `poll(2)` and `VIDIOC_DQBUF`. Throws ``TimedOut`` once `deadline` has passed, ``StreamEnded`` when
  /// there will be no more frames.
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

  /// Waits until `poll(2)` reports `event`.
  package func waitForEvent(_ event: CInt, deadline: Deadline) throws {
    if deadline.isPast { throw TimedOut(.VIDIOC_DQBUF, on: path) }
    let ready = try Polling.poll(event, of: file.descriptor.rawValue, on: path, deadline: deadline)
    // POLLERR without the event: the device is gone, or its queue failed.
    if ready & POLLERR != 0, ready & event == 0 {
      throw StreamEnded(path: path, reason: isGone ? .deviceGone : .queueFailed)
    }
  }

  /// Whether the device was unplugged or its driver removed. The kernel then refuses all requests.
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

/// An error: a queue returns no more frames.
public struct StreamEnded: Error, Equatable, Sendable {
  /// The reason why the stream ended.
  public enum Reason: Sendable {
    /// The device was unplugged, or its driver removed.
    case deviceGone
    /// The driver reports an error of the queue.
    case queueFailed
  }

  /// The node's path.
  public let path: String
  /// The reason.
  public let reason: Reason
}

extension StreamEnded: CustomStringConvertible {
  /// The text, with the kernel's message for the reason.
  public var description: String {
    "\(path): poll: \(reason == .deviceGone ? Errno.operationNotSupportedByDevice : .ioError)"
  }
}

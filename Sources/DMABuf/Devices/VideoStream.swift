internal import CDMABuf
import Glibc
import SystemPackage

extension VideoNode {
  /// Lets a queue run while `body` does, and stops it.
  ///
  /// Corresponds to `VIDIOC_STREAMON` and `VIDIOC_STREAMOFF`. Throws `EINVAL` without enough
  /// buffers, `EPIPE` or `ENOLINK` when the pipeline of a media device is not set up.
  public func withStreaming<Result>(_ queue: VideoQueue, _ body: () throws -> Result) throws -> Result {
    var type = CInt(queue.type)
    try file.ioctl(Request("VIDIOC_STREAMON", CDMABUF_VIDIOC_STREAMON), &type)
    defer { _ = unsafe cdmabuf_ioctl(file.descriptor.rawValue, CDMABUF_VIDIOC_STREAMOFF, &type) }
    return try body()
  }

  /// Waits until a queue has a buffer to give back, and takes it.
  ///
  /// Corresponds to `poll(2)` and `VIDIOC_DQBUF`. Throws `ETIMEDOUT` once `deadline` has passed, `ENODEV` when the
  /// device has gone, `EIO` when its queue broke down.
  public func nextFrame(
    from queue: VideoQueue, _ memory: VideoMemory, deadline: Deadline
  ) throws(KernelError) -> VideoFrame {
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
  func waitForEvent(_ event: CInt, deadline: Deadline) throws(KernelError) {
    var one = pollfd(fd: file.descriptor.rawValue, events: Int16(event), revents: 0)
    let remaining = deadline.remaining
    guard remaining > 0 else { throw KernelError("VIDIOC_DQBUF", on: path, errno: .timedOut) }
    _ = try Interruption.restarting("poll", on: path) {
      unsafe poll(&one, 1, CInt(clamping: remaining / 1_000_000 + 1))
    }
    // Both at once and nothing to take: the device is gone, or its queue broke down.
    if Int32(one.revents) & POLLERR != 0, Int32(one.revents) & event == 0 {
      throw KernelError("poll", on: path, errno: isGone ? .operationNotSupportedByDevice : .ioError)
    }
  }

  /// Has the device gone, unplugged or without its driver? All requests are refused then.
  private var isGone: Bool {
    var capability = v4l2_capability()
    do throws(KernelError) {
      try file.ioctl(Request("VIDIOC_QUERYCAP", CDMABUF_VIDIOC_QUERYCAP), &capability)
      return false
    } catch {
      return error.errno == .operationNotSupportedByDevice
    }
  }
}

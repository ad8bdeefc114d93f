internal import CDMABuf
import Glibc

extension Benchmark {
  /// ``TimedOperation/queue`` and ``TimedOperation/dequeue``, by a camera that streams into one buffer over and
  /// over. Waiting for its frames is not counted.
  public func queueing(on node: borrowing VideoNode) throws -> [Measurement] {
    guard let queue = node.captureQueue else { throw NotMeasurable("\(node.path) captures no images") }
    let format = try node.format(of: queue)
    let buffer = try source.allocate(size, readOnly: false)
    let frame = format.planes.map(\.size).max() ?? 0
    // Drivers cannot be trusted with a length beyond the buffer's.
    guard frame <= buffer.size else { throw NotMeasurable("an image takes \(frame) bytes, more than the buffer has") }
    let request = QueueRequest(
      queue, field: format.field, planes: format.planes.count, descriptor: buffer.descriptorNumber, size: buffer.size)

    let times = try node.withBuffers(2, .imported, on: queue) { granted in
      var free = 0
      for index in 1..<max(2, granted) { try request.queue(index, on: node) }
      return try node.withStreaming(queue) {
        try repetition.run {
          let start = Clock.now
          try request.queue(free, on: node)
          let queued = Clock.now
          try node.waitForEvent(POLLIN, deadline: Deadline(after: .seconds(5)))
          let ready = Clock.now
          free = try request.dequeue(from: node)
          return (queued - start, Clock.now - ready)
        }
      }
    }
    return [Measurement(.queue, times.first), Measurement(.dequeue, times.second)]
  }
}

/// The structures of a queue's requests, made once, so that requests are all that is timed.
@safe private final class QueueRequest {
  private var buffer = unsafe v4l2_buffer()
  private let planes: UnsafeMutableBufferPointer<v4l2_plane>
  private let queue: VideoQueue
  private let field: UInt32
  private let descriptor: CInt
  private let size: UInt32

  init(_ queue: VideoQueue, field: UInt32, planes: Int, descriptor: CInt, size: Int) {
    self.queue = queue
    self.field = field
    self.descriptor = descriptor
    self.size = UInt32(clamping: size)
    unsafe self.planes = .allocate(capacity: planes)
    unsafe self.planes.initialize(repeating: v4l2_plane())
  }

  deinit { unsafe planes.deallocate() }

  /// Corresponds to `VIDIOC_QBUF`.
  func queue(_ index: Int, on node: borrowing VideoNode) throws(KernelError) {
    prepare()
    unsafe buffer.index = UInt32(clamping: index)
    unsafe buffer.field = field
    if queue.isMultiPlanar {
      for index in unsafe planes.indices {
        unsafe planes[index].m.fd = descriptor
        unsafe planes[index].length = size
      }
    } else {
      unsafe buffer.m.fd = descriptor
      unsafe buffer.length = size
    }
    try unsafe node.file.ioctl(Request(.VIDIOC_QBUF, CDMABUF_VIDIOC_QBUF), &buffer)
  }

  /// Corresponds to `VIDIOC_DQBUF`; returns the index.
  func dequeue(from node: borrowing VideoNode) throws(KernelError) -> Int {
    prepare()
    try unsafe node.file.ioctl(Request(.VIDIOC_DQBUF, CDMABUF_VIDIOC_DQBUF), &buffer)
    return unsafe Int(buffer.index)
  }

  private func prepare() {
    unsafe buffer = v4l2_buffer()
    unsafe buffer.type = queue.type
    unsafe buffer.memory = VideoMemory.imported.number
    guard queue.isMultiPlanar else { return }
    unsafe buffer.length = UInt32(planes.count)
    unsafe buffer.m.planes = planes.baseAddress
  }
}

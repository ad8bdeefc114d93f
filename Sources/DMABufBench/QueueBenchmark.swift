// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc

extension Benchmark {
  /// Measures ``TimedOperation/queue`` and ``TimedOperation/dequeue`` with a camera that repeatedly streams into one
  /// buffer. The time until a frame is ready is not measured.
  public func queueing(on node: borrowing V4L2Node) throws -> [Measurement] {
    guard let queue = node.captureQueue else { throw NotMeasurable("\(node.path) captures no images") }
    let format = try node.format(of: queue)
    let buffer = try source.allocate(size, readOnly: false)
    let frame = format.planes.map(\.size).max() ?? 0
    // Some drivers do not check a length beyond the end of the buffer.
    guard frame <= buffer.size else { throw NotMeasurable("an image needs \(frame) bytes, more than the buffer has") }
    let request = V4L2QueueRequest(
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

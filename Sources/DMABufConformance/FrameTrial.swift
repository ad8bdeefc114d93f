// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

/// Streams one frame through a V4L2 device: from a camera, into an output, or through both queues of a codec or scaler.
///
/// The trial runs in its own process. The end of the process stops streaming and removes the buffers.
struct FrameTrial: ~Copyable {
  private static let frameTimeout = Duration.seconds(3)

  private let node: V4L2Node
  private let memory: V4L2Memory

  init(_ node: consuming V4L2Node, _ memory: V4L2Memory) {
    self.node = node
    self.memory = memory
  }

  /// The format of a queue. Skips the check if the queue has none.
  static func format(of queue: V4L2Queue, on node: borrowing V4L2Node) throws -> V4L2Format {
    let format: V4L2Format
    do throws(KernelError) {
      format = try node.format(of: queue)
    } catch {
      throw CheckSkipped(
        "the queue has no format to test: \(error.call): \(CallResult(failed: error.errno))")
    }
    guard format.planes.allSatisfy({ $0.size < 64 << 20 }) else {
      throw CheckSkipped("the queue has no format to test: VIDIOC_G_FMT: EFBIG")
    }
    return format
  }

  /// Returns `a frame`, or a description of the problem.
  func frame() throws -> String {
    if let input = node.decodedFormat {
      throw CheckSkipped("the device decodes \(input): it produces no frame without encoded data")
    }
    if node.queues.contains(where: { $0.name == "meta-output" }) {
      throw CheckSkipped("the queue accepts parameters: an empty buffer would change the image of the device")
    }
    let output = node.queues.first(where: \.isOutput)
    guard let last = node.queues.first(where: { !$0.isOutput }) ?? output else { throw CheckSkipped("no queues") }
    let queues = node.isMemoryToMemory ? [output, last].compactMap(\.self) : [last]
    var formats: [V4L2Format] = []
    for queue in queues {
      let format = try Self.format(of: queue, on: node)
      formats.append(format)
      do {
        try fill(queue, format)
      } catch let error as KernelError {
        throw skipReason(error) ?? error
      }
    }
    do {
      return try stream(queues[...], formats[formats.count - 1])
    } catch let error as KernelError {
      throw skipReason(error) ?? error
    } catch is TimedOut {
      throw CheckSkipped("no frame arrived within 3 s")
    } catch let error as StreamEnded where error.reason == .deviceGone {
      throw CheckSkipped("the device has gone: poll: ENODEV")
    }
  }

  /// Queues as many buffers as the driver requires.
  private func fill(_ queue: V4L2Queue, _ format: V4L2Format) throws {
    let granted = try node.requestBuffers(2, memory, on: queue)
    for index in 0..<granted {
      switch memory {
      case .mapped:
        for plane in format.planes.indices { _ = try node.exportBuffer(index, plane: plane, on: queue) }
        try node.queueOwnBuffer(index, on: queue, format: format)
      case .imported:
        try node.queueBuffer(index, try planes(of: format), on: queue, format: format)
      }
    }
  }

  private func planes(of format: V4L2Format) throws -> [ImportedPlane] {
    var planes: [ImportedPlane] = []
    for plane in format.planes {
      let size = (plane.size + Raw.page - 1) / Raw.page * Raw.page
      planes.append(ImportedPlane(descriptor: try ConformanceCheck.memory(size), size: size))
    }
    return planes
  }

  private func stream(_ queues: ArraySlice<V4L2Queue>, _ format: V4L2Format) throws -> String {
    guard let queue = queues.first else { return "nothing" }
    return try node.withStreaming(queue) {
      guard queues.count == 1 else { return try stream(queues.dropFirst(), format) }
      let frame = try node.nextFrame(from: queue, memory, deadline: Deadline(after: Self.frameTimeout))
      for (used, plane) in zip(frame.bytesUsed, format.planes) where !queue.isOutput && used > plane.size {
        return "a frame of \(used) bytes in a plane of \(plane.size)"
      }
      return "a frame"
    }
  }

  /// The reason to skip the check for an error that the contract permits; `nil` for other errors.
  private func skipReason(_ error: KernelError) -> CheckSkipped? {
    let answer = "\(error.call): \(CallResult(failed: error.errno))"
    switch (error.call, error.errno) {
    case (_, .operationNotSupportedByDevice): return CheckSkipped("the device has gone: \(answer)")
    case (.VIDIOC_REQBUFS, .invalidArgument), (.VIDIOC_EXPBUF, .invalidArgument),
      (.VIDIOC_EXPBUF, .inappropriateIOCTLForDevice):
      return CheckSkipped("the queue has no such buffers: \(answer)")
    case (.VIDIOC_QBUF, .badAddress) where memory == .imported,
      (.VIDIOC_QBUF, .invalidArgument) where memory == .imported:
      return CheckSkipped("the queue does not accept these buffers: \(answer)")
    case (.VIDIOC_QBUF, .invalidRequestDescriptor): return CheckSkipped("the queue needs media requests: \(answer)")
    case (_, .resourceBusy): return CheckSkipped("the device is in use: \(answer)")
    case (.VIDIOC_STREAMON, .brokenPipe), (.VIDIOC_STREAMON, .noLink):
      return CheckSkipped("the media pipeline is not set up: \(answer)")
    default: return nil
    }
  }
}

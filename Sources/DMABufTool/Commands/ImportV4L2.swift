// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import SystemPackage

extension ImportTrial {
  func importBuffers(intoV4L2 found: FoundNode) -> [ImportReport.DeviceResult] {
    var results: [ImportReport.DeviceResult] = []
    do {
      let node = try V4L2Node(found)
      if stream != nil {
        results.append(stream(node))
      } else {
        results = node.queues.filter { format == nil || $0.isVideo }.map { queue(on: node, $0) }
        if results.isEmpty {
          var result = ImportReport.DeviceResult(device: found.path)
          result.driver = node.driver
          result.skip(format == nil ? "the node has no queues of buffers" : "the node has no queues of images")
          results.append(result)
        }
      }
      if isKept { buffers.keepOpen(node.takeDescriptor()) }
    } catch {
      var result = ImportReport.DeviceResult(device: found.path)
      result.refuse(error, reason: (error as? KernelError).flatMap(Advice.hint))
      results.append(result)
    }
    return results
  }

  private func result(_ node: borrowing V4L2Node, _ queue: V4L2Queue) -> ImportReport.DeviceResult {
    var result = ImportReport.DeviceResult(device: node.path)
    result.driver = node.driver
    result.queue = queue.name
    return result
  }

  // MARK: Queueing

  private func queue(on node: borrowing V4L2Node, _ queue: V4L2Queue) -> ImportReport.DeviceResult {
    var result = result(node, queue)
    var format: V4L2Format?
    do {
      if let support = try? node.support(of: queue), !support.importing {
        result.skip("this queue does not import dma-bufs")
        return result
      }
      try withFormat(node, queue) {
        let found = try node.format(of: queue)
        format = found
        if !isKept {
          try node.withBuffers(1, .imported, on: queue) { _ in
            try node.queueBuffer(0, planes(found, group: 0), on: queue, format: found)
          }
        } else {
          try node.requestBuffers(1, .imported, on: queue)
          try node.queueBuffer(0, planes(found, group: 0), on: queue, format: found)
        }
        result.note = found.planes.map { "\($0.size)" }.joined(separator: " + ") + " bytes used"
        result.size = found.planes.map(\.size).reduce(0, +)
      }
      result.outcome = .ok
    } catch {
      decide(error, format, &result)
    }
    return result
  }

  /// Runs `body` in the format that the user chose for the trial.
  private func withFormat(_ node: borrowing V4L2Node, _ queue: V4L2Queue, _ body: () throws -> Void) throws {
    guard let format else { return try body() }
    try node.withFormat(queue, width: format.width, height: format.height, fourcc: format.fourcc, body)
  }

  /// The dma-bufs of one frame. If there are fewer dma-bufs than planes, planes share them.
  private func planes(_ format: V4L2Format, group: Int, of candidates: [Int]? = nil) -> [ImportedPlane] {
    let candidates = candidates ?? Array(0..<buffers.count)
    return format.planes.indices.map { plane in
      let index = candidates[(group * format.planes.count + plane) % candidates.count]
      return buffers.with(index) { ImportedPlane($0) }
    }
  }

  /// Decides between refused and skipped: a queue that could not even be probed is skipped.
  private func decide(_ error: any Error, _ format: V4L2Format?, _ result: inout ImportReport.DeviceResult) {
    result.refuse(error, reason: reason(error, format))
    guard let error = error as? KernelError else { return }
    if error.call == .VIDIOC_G_FMT, error.errno == .invalidArgument {
      result.skip("the queue has no format for the current input of the device")
    } else if error.errno == .invalidRequestDescriptor {
      result.skip("the queue accepts buffers only with media requests")
    }
  }

  private func reason(_ error: any Error, _ format: V4L2Format?) -> String? {
    let reason = (error as? KernelError).flatMap { ImportAdvice.queueing($0, facts, format) }
    return reason ?? Advice.hint(for: error)
  }

  // MARK: Streaming

  private func stream(_ node: borrowing V4L2Node) -> ImportReport.DeviceResult {
    let usable = node.queues.filter(\.isVideo)
    guard let queue = usable.first(where: { !$0.isOutput }) ?? usable.first ?? node.queues.first else {
      var result = ImportReport.DeviceResult(device: node.path)
      result.driver = node.driver
      result.skip("the node has no queues of buffers")
      return result
    }
    var result = result(node, queue)
    var format: V4L2Format?
    do {
      try withFormat(node, queue) {
        let found = try node.format(of: queue)
        format = found
        if node.isMemoryToMemory, let source = usable.first(where: \.isOutput) {
          try convert(node, from: source, to: queue, found, &result)
        } else {
          try pass(node, queue, found, &result)
        }
      }
      result.outcome = .ok
    } catch {
      decide(error, format, &result)
    }
    return result
  }

  /// Streams frames in one direction, through all buffers in turn.
  private func pass(
    _ node: borrowing V4L2Node, _ queue: V4L2Queue, _ format: V4L2Format, _ result: inout ImportReport.DeviceResult
  ) throws {
    guard let stream else { return }
    let groups = max(1, buffers.count / max(1, format.planes.count))
    try node.withBuffers(groups, .imported, on: queue) { granted in
      // A driver may grant more buffers than there are. Some dma-bufs are then queued twice.
      for index in 0..<granted {
        try node.queueBuffer(index, planes(format, group: index % groups), on: queue, format: format)
      }
      try node.withStreaming(queue) {
        for number in 1...stream.frames {
          let frame = try node.nextFrame(from: queue, .imported, deadline: Deadline(after: stream.timeout))
          let buffer = frame.index % groups * format.planes.count % buffers.count
          result.frames.append(try ImportReport.Frame(frame, buffer: buffer, checksum: checksum(buffer, frame)))
          guard number < stream.frames else { break }
          try node.queueBuffer(
            frame.index, planes(format, group: frame.index % groups), on: queue, format: format)
        }
      }
    }
  }

  /// Streams frames from the first buffer into the second.
  private func convert(
    _ node: borrowing V4L2Node, from source: V4L2Queue, to target: V4L2Queue, _ format: V4L2Format,
    _ result: inout ImportReport.DeviceResult
  ) throws {
    guard let stream else { return }
    guard buffers.count > 1 else {
      throw Failure(
        "cannot stream through \(node.path): it reads one buffer and writes another",
        hint: "name two buffers; the device reads the first and writes the second")
    }
    let input = try node.format(of: source)
    try node.withBuffers(1, .imported, on: source) { inputs in
      try node.withBuffers(1, .imported, on: target) { outputs in
        try node.withStreaming(source) {
          try node.withStreaming(target) {
            for _ in 1...stream.frames {
              let deadline = Deadline(after: stream.timeout)
              try node.queueBuffer(0, planes(input, group: 0, of: [0]), on: source, format: input)
              try node.queueBuffer(0, planes(format, group: 0, of: [1]), on: target, format: format)
              let frame = try node.nextFrame(from: target, .imported, deadline: deadline)
              _ = try node.nextFrame(from: source, .imported, deadline: deadline)
              result.frames.append(try ImportReport.Frame(frame, buffer: 1, checksum: checksum(1, frame)))
            }
          }
        }
      }
    }
  }

  private func checksum(_ index: Int, _ frame: V4L2Frame) throws -> UInt64? {
    guard stream?.isChecked == true, let used = frame.bytesUsed.first else { return nil }
    return try buffers.with(index) { buffer -> UInt64? in
      guard used > 0 else { return nil }
      return try buffer.withAccess(.read) {
        let range = try buffer.map(0..<min(used, buffer.size), for: .read)
        var checksum = Checksum()
        unsafe checksum.update(UnsafeRawBufferPointer(range.bytes))
        return checksum.value
      }
    }
  }
}

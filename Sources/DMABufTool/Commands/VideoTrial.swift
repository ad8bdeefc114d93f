import DMABuf
import DMABufExercise
import SystemPackage

/// Giving buffers to V4L2 devices.
extension Trial {
  func give(toVideo found: FoundNode) -> [ImportReport.Answer] {
    var answers: [ImportReport.Answer] = []
    do {
      let node = try VideoNode(found)
      if stream != nil {
        answers.append(stream(node))
      } else {
        answers = node.queues.map { queue(on: node, $0) }
        if answers.isEmpty {
          var answer = ImportReport.Answer(device: found.path)
          answer.driver = node.driver
          answer.skip("the node has no queues of buffers")
          answers.append(answer)
        }
      }
      if let attachments { attachments.append(node) }
    } catch {
      var answer = ImportReport.Answer(device: found.path)
      answer.refuse(error, reason: (error as? KernelError).flatMap(Advice.hint))
      answers.append(answer)
    }
    return answers
  }

  private func answer(_ node: borrowing VideoNode, _ queue: VideoQueue) -> ImportReport.Answer {
    var answer = ImportReport.Answer(device: node.path)
    answer.driver = node.driver
    answer.queue = queue.name
    return answer
  }

  // MARK: Queueing

  private func queue(on node: borrowing VideoNode, _ queue: VideoQueue) -> ImportReport.Answer {
    var answer = answer(node, queue)
    var format: VideoFormat?
    do {
      if let support = try? node.support(of: queue), !support.importing {
        answer.skip("this queue takes no dma-bufs")
        return answer
      }
      let found = try node.format(of: queue)
      format = found
      if attachments == nil {
        try node.withBuffers(1, .imported, on: queue) { _ in
          try node.queueBuffer(0, planes(found, group: 0), on: queue, format: found)
        }
      } else {
        try node.requestBuffers(1, .imported, on: queue)
        try node.queueBuffer(0, planes(found, group: 0), on: queue, format: found)
      }
      answer.note = found.planes.map { "\($0.size)" }.joined(separator: " + ") + " bytes used"
      answer.size = found.planes.map(\.size).reduce(0, +)
      answer.result = .ok
    } catch {
      decide(error, format, &answer)
    }
    return answer
  }

  /// The dma-bufs of one frame. Where there are fewer than planes, planes share them.
  private func planes(_ format: VideoFormat, group: Int, of candidates: [Int]? = nil) -> [ImportedPlane] {
    let candidates = candidates ?? Array(0..<buffers.count)
    return format.planes.indices.map { plane in
      let index = candidates[(group * format.planes.count + plane) % candidates.count]
      return buffers.withBuffer(index) { ImportedPlane($0) }
    }
  }

  /// Refused is what was asked; a queue that could not be asked is skipped.
  private func decide(_ error: any Error, _ format: VideoFormat?, _ answer: inout ImportReport.Answer) {
    answer.refuse(error, reason: reason(error, format))
    guard let error = error as? KernelError else { return }
    if error.call == .VIDIOC_G_FMT, error.errno == .invalidArgument {
      answer.skip("the queue has no format with the device's present input")
    } else if error.errno == .invalidRequestDescriptor {
      answer.skip("the queue takes buffers with media requests alone")
    }
  }

  private func reason(_ error: any Error, _ format: VideoFormat?) -> String? {
    let reason = (error as? KernelError).flatMap { ImportAdvice.queueing($0, facts, format) }
    return reason ?? Advice.hint(for: error)
  }

  // MARK: Streaming

  private func stream(_ node: borrowing VideoNode) -> ImportReport.Answer {
    let usable = node.queues.filter(\.isVideo)
    guard let queue = usable.first(where: { !$0.isOutput }) ?? usable.first ?? node.queues.first else {
      var answer = ImportReport.Answer(device: node.path)
      answer.driver = node.driver
      answer.skip("the node has no queues of buffers")
      return answer
    }
    var answer = answer(node, queue)
    var format: VideoFormat?
    do {
      let found = try node.format(of: queue)
      format = found
      if node.isMemoryToMemory, let source = usable.first(where: \.isOutput) {
        try convert(node, from: source, to: queue, found, &answer)
      } else {
        try pass(node, queue, found, &answer)
      }
      answer.result = .ok
    } catch {
      decide(error, format, &answer)
    }
    return answer
  }

  /// Frames one way, through all the buffers in turn.
  private func pass(
    _ node: borrowing VideoNode, _ queue: VideoQueue, _ format: VideoFormat, _ answer: inout ImportReport.Answer
  ) throws {
    guard let stream else { return }
    let groups = max(1, buffers.count / max(1, format.planes.count))
    try node.withBuffers(groups, .imported, on: queue) { granted in
      // A driver that wants more of them than there are gets some twice.
      for index in 0..<granted {
        try node.queueBuffer(index, planes(format, group: index % groups), on: queue, format: format)
      }
      try node.withStreaming(queue) {
        for number in 1...stream.frames {
          let frame = try node.nextFrame(from: queue, .imported, deadline: Deadline(after: stream.timeout))
          let buffer = frame.index % groups * format.planes.count % buffers.count
          answer.frames.append(try ImportReport.Frame(frame, buffer: buffer, checksum: checksum(buffer, frame)))
          guard number < stream.frames else { break }
          try node.queueBuffer(
            frame.index, planes(format, group: frame.index % groups), on: queue, format: format)
        }
      }
    }
  }

  /// From the first buffer into the second, over and over.
  private func convert(
    _ node: borrowing VideoNode, from source: VideoQueue, to target: VideoQueue, _ format: VideoFormat,
    _ answer: inout ImportReport.Answer
  ) throws {
    guard let stream else { return }
    guard buffers.count > 1 else {
      throw Failure(
        "\(node.path) reads from one buffer and writes into another",
        hint: "two buffers are needed: the first is read")
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
              answer.frames.append(try ImportReport.Frame(frame, buffer: 1, checksum: checksum(1, frame)))
            }
          }
        }
      }
    }
  }

  private func checksum(_ index: Int, _ frame: VideoFrame) throws -> UInt64? {
    guard stream?.isChecked == true, let used = frame.bytesUsed.first else { return nil }
    return try buffers.withBuffer(index) { buffer -> UInt64? in
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

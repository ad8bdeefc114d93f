internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// V4L2 devices that give and take buffers.
extension ConformanceCheck {
  private static let exportable: UInt32 = 1
  private static let importable: UInt32 = 4

  static let video: [ConformanceCheck] = [
    .init("C107", "each export of a plane is a new buffer", on: .video, expect: "different inodes") { trial in
      let flags = UInt32(O_RDWR | O_CLOEXEC)
      let first = try trial.exportPlane(flags: flags).orEnd("VIDIOC_EXPBUF")
      let second = try trial.exportPlane(flags: flags).orEnd("VIDIOC_EXPBUF")
      return Raw.inode(first) == Raw.inode(second) ? "same inode" : "different inodes"
    },
    .init(
      "C108", "other flags, indexes, planes and types are refused", on: .video, expect: "EINVAL EINVAL EINVAL EINVAL"
    ) { trial in
      answers(
        try trial.exportPlane(flags: UInt32(O_NONBLOCK)), try trial.exportPlane(index: 99, flags: 0),
        try trial.exportPlane(plane: 9, flags: 0), try trial.exportPlane(type: 3, flags: 0))  // 3: overlay
    },
    .init("C109", "whoever did not ask for the buffers cannot export them", on: .video, expect: "EBUSY") { trial in
      _ = try trial.buffer()
      let other = Raw.open(trial.target.node ?? "", O_RDWR)
      guard other.isDone else { throw CheckSkipped("the device is not opened twice: open: \(other)") }
      guard try !trial.videoNode().isMemoryToMemory else {
        throw CheckSkipped("each open file of a memory-to-memory device has queues of its own")
      }
      return CheckContext.exportPlane(other.descriptor, index: 0, plane: 0, type: try trial.queue().type, flags: 0)
        .description
    },
    .init("C110", "an exported plane outlives its queue and its device", on: .video, expect: "works") { trial in
      let (buffer, size) = (try trial.buffer(), try trial.size())
      let (answer, _) = try trial.requestBuffers(0, memory: exportable)
      guard answer.isDone else { throw StepRefused(call: "VIDIOC_REQBUFS", answer: answer) }
      close(try trial.node())
      let memory = unsafe Raw.memory(try mapped(buffer, size), size)
      unsafe memory.storeBytes(of: 0x5a, as: UInt8.self)
      return unsafe memory[0] == 0x5a ? "works" : "lost"
    },
    .init("C111", "what is no dma-buf, or too small, cannot be queued", on: .video, expect: "EINVAL EINVAL EINVAL") {
      trial in
      try startImporting(trial)
      let null = try Raw.open("/dev/null", O_RDWR).orEnd("open")
      let small = try memory(Raw.page)
      guard try imageSize(of: trial) > Raw.page else { throw CheckSkipped("an image fits into a page") }
      return try answers([-1, null, small].map { try queue(trial, $0) })
    },
    // Invasive: up to Linux 7.2 and perhaps later, vb2 then never lets go of the buffer, which is one page here.
    .init("C112", "a length beyond the buffer's is refused", on: .video, expect: "EFAULT", invasive: true) { trial in
      try startImporting(trial)
      let size = try pages(imageSize(of: trial))
      guard size > Raw.page else { throw CheckSkipped("an image fits into a page") }
      return try queue(trial, memory(Raw.page), length: size).description
    },
    .init("C113", "a queue in vmalloc memory takes udmabufs", on: .video, expect: .versions("EFAULT", "ok", "ok")) {
      trial in
      guard Raw.fdinfo(try trial.buffer())?.exporter.string == "videobuf2_vmalloc" else {
        throw CheckSkipped("not a queue in vmalloc memory")
      }
      _ = try trial.requestBuffers(0, memory: exportable)
      try startImporting(trial)
      let size = try pages(imageSize(of: trial))
      return try queue(trial, CheckContext(on: .userMemory).another(size), length: size).description
    },
    .init("C114", "REQBUFS tells that dma-bufs can be queued", on: .video, expect: "told") { trial in
      let (answer, argument) = try trial.requestBuffers(1, memory: importable)
      guard answer.isDone else { throw CheckSkipped("the queue takes no dma-bufs: VIDIOC_REQBUFS: \(answer)") }
      return argument[u32: 12] & 4 != 0 ? "told" : "not told"
    },
    .init("C127", "a frame passes through exported buffers", on: .video, expect: "a frame") { trial in
      try FrameTrial(trial.videoNode(), .mapped).frame()
    },
    .init("C128", "a frame passes through imported buffers", on: .video, expect: "a frame") { trial in
      try FrameTrial(trial.videoNode(), .imported).frame()
    },
  ]

  private static func startImporting(_ trial: CheckContext) throws {
    let (answer, _) = try trial.requestBuffers(1, memory: importable)
    guard answer.isDone else { throw CheckSkipped("the queue takes no dma-bufs: VIDIOC_REQBUFS: \(answer)") }
  }

  /// The largest plane of the queue's format.
  private static func imageSize(of trial: CheckContext) throws -> Int {
    let format = try FrameTrial.format(of: trial.queue(), on: trial.videoNode())
    return format.planes.map(\.size).max() ?? 0
  }

  private static func pages(_ size: Int) -> Int { (size + Raw.page - 1) / Raw.page * Raw.page }

  /// VIDIOC_QBUF with one buffer for all planes.
  private static func queue(_ trial: CheckContext, _ buffer: CInt, length: Int = 0) throws -> CallResult {
    let node = try trial.videoNode()
    let queue = try trial.queue()
    let format = try FrameTrial.format(of: queue, on: node)
    let planes = format.planes.map { _ in ImportedPlane(descriptor: buffer, size: length) }
    do throws(KernelError) {
      try node.queueBuffer(0, planes, on: queue, format: format)
      return CallResult(0)
    } catch {
      // A queue that buffers come to with media requests.
      if error.errno.rawValue == EBADR { throw CheckSkipped("the queue needs media requests: VIDIOC_QBUF: EBADR") }
      return CallResult(failed: error.errno)
    }
  }

  /// A buffer that is no device's.
  static func memory(_ size: Int) throws -> CInt {
    for target in ConformanceTarget.exporters() {
      if let buffer = try? CheckContext(on: target).another(size) { return buffer }
    }
    throw CheckSkipped("no heap and no udmabuf to take a buffer from")
  }
}

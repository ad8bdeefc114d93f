// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// V4L2 devices that export and import buffers.
extension ConformanceCheck {
  private static let exportable: UInt32 = 1
  private static let importable: UInt32 = 4

  static let v4l2: [ConformanceCheck] = [
    .init("C107", "each export of a plane is a new buffer", on: .v4l2, expect: "different inodes") { context in
      let flags = UInt32(O_RDWR | O_CLOEXEC)
      let first = try context.exportPlane(flags: flags).orEnd("VIDIOC_EXPBUF")
      let second = try context.exportPlane(flags: flags).orEnd("VIDIOC_EXPBUF")
      return Raw.inode(first) == Raw.inode(second) ? "same inode" : "different inodes"
    },
    .init(
      "C108", "other flags, indexes, planes and types are refused", on: .v4l2, expect: "EINVAL EINVAL EINVAL EINVAL"
    ) { context in
      answers(
        try context.exportPlane(flags: UInt32(O_NONBLOCK)), try context.exportPlane(index: 99, flags: 0),
        try context.exportPlane(plane: 9, flags: 0), try context.exportPlane(type: 3, flags: 0))  // 3: overlay
    },
    .init("C109", "only the file that requested the buffers can export them", on: .v4l2, expect: "EBUSY") { context in
      _ = try context.buffer()
      let other = Raw.open(context.target.node ?? "", O_RDWR)
      guard other.isDone else { throw CheckSkipped("the device cannot be opened twice: open: \(other)") }
      guard try !context.v4l2Node().isMemoryToMemory else {
        throw CheckSkipped("each open file of a memory-to-memory device has queues of its own")
      }
      return CheckContext.exportPlane(other.descriptor, index: 0, plane: 0, type: try context.queue().type, flags: 0)
        .description
    },
    .init("C110", "an exported plane outlives its queue and its device", on: .v4l2, expect: "works") { context in
      let (buffer, size) = (try context.buffer(), try context.size())
      let (answer, _) = try context.requestBuffers(0, memory: exportable)
      guard answer.isDone else { throw StepRefused(call: "VIDIOC_REQBUFS", answer: answer) }
      close(try context.node())
      let memory = unsafe Raw.memory(try mapped(buffer, size), size)
      unsafe memory.storeBytes(of: 0x5a, as: UInt8.self)
      return unsafe memory[0] == 0x5a ? "works" : "lost"
    },
    .init(
      "C111", "a file that is not a dma-buf, or a small buffer, cannot be queued", on: .v4l2,
      expect: "EINVAL EINVAL EINVAL"
    ) {
      context in
      try startImporting(context)
      let null = try Raw.open("/dev/null", O_RDWR).orEnd("open")
      let small = try memory(Raw.page)
      guard try imageSize(of: context) > Raw.page else { throw CheckSkipped("an image fits into a page") }
      return try answers([-1, null, small].map { try queue(context, $0) })
    },
    // Invasive: vb2 then never releases the buffer of one page. Observed up to Linux 7.3; unknown for later kernels.
    .init("C112", "a length beyond the end of the buffer is refused", on: .v4l2, expect: "EFAULT", invasive: true) {
      context in
      try startImporting(context)
      let size = try pages(imageSize(of: context))
      guard size > Raw.page else { throw CheckSkipped("an image fits into a page") }
      return try queue(context, memory(Raw.page), length: size).description
    },
    .init("C113", "a queue in vmalloc memory imports udmabufs", on: .v4l2, expect: .versions("EFAULT", "ok", "ok")) {
      context in
      guard Raw.fdinfo(try context.buffer())?.exporter.string == "videobuf2_vmalloc" else {
        throw CheckSkipped("not a queue in vmalloc memory")
      }
      _ = try context.requestBuffers(0, memory: exportable)
      try startImporting(context)
      let size = try pages(imageSize(of: context))
      return try queue(context, CheckContext(on: .udmabuf).another(size), length: size).description
    },
    .init("C114", "REQBUFS reports that dma-bufs can be queued", on: .v4l2, expect: "told") { context in
      let (answer, argument) = try context.requestBuffers(1, memory: importable)
      guard answer.isDone else { throw CheckSkipped("the queue imports no dma-bufs: VIDIOC_REQBUFS: \(answer)") }
      return argument[u32: 12] & 4 != 0 ? "told" : "not told"
    },
    .init("C127", "a frame passes through exported buffers", on: .v4l2, expect: "a frame") { context in
      try FrameTrial(context.v4l2Node(), .mapped).frame()
    },
    .init("C128", "a frame passes through imported buffers", on: .v4l2, expect: "a frame") { context in
      try FrameTrial(context.v4l2Node(), .imported).frame()
    },
  ]

  private static func startImporting(_ context: CheckContext) throws {
    let (answer, _) = try context.requestBuffers(1, memory: importable)
    guard answer.isDone else { throw CheckSkipped("the queue imports no dma-bufs: VIDIOC_REQBUFS: \(answer)") }
  }

  /// The size of the largest plane in the queue's format.
  private static func imageSize(of context: CheckContext) throws -> Int {
    let format = try FrameTrial.format(of: context.queue(), on: context.v4l2Node())
    return format.planes.map(\.size).max() ?? 0
  }

  private static func pages(_ size: Int) -> Int { (size + Raw.page - 1) / Raw.page * Raw.page }

  /// Calls VIDIOC_QBUF with one buffer for all planes.
  private static func queue(_ context: CheckContext, _ buffer: CInt, length: Int = 0) throws -> CallResult {
    let node = try context.v4l2Node()
    let queue = try context.queue()
    let format = try FrameTrial.format(of: queue, on: node)
    let planes = format.planes.map { _ in ImportedPlane(descriptor: buffer, size: length) }
    do throws(KernelError) {
      try node.queueBuffer(0, planes, on: queue, format: format)
      return CallResult(0)
    } catch {
      // This queue accepts buffers only with media requests.
      if error.errno.rawValue == EBADR { throw CheckSkipped("the queue needs media requests: VIDIOC_QBUF: EBADR") }
      return CallResult(failed: error.errno)
    }
  }

  /// Allocates a buffer that does not belong to a device.
  static func memory(_ size: Int) throws -> CInt {
    for target in ConformanceTarget.exporters() {
      if let buffer = try? CheckContext(on: target).another(size) { return buffer }
    }
    throw CheckSkipped("no heap and no udmabuf to allocate from")
  }
}

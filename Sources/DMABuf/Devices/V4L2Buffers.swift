// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// The memory of a queue's buffers.
public enum V4L2Memory: Sendable {
  /// Memory of the driver, which can be mapped and exported.
  case mapped
  /// Imported dma-bufs of other exporters.
  case imported

  package var number: UInt32 {
    UInt32((self == .mapped ? V4L2_MEMORY_MMAP : V4L2_MEMORY_DMABUF).rawValue)
  }
}

/// The capabilities that a queue reports without being used.
public struct V4L2QueueSupport: Equatable, Sendable {
  /// The queue supports the driver's own buffers, for `mmap(2)` and export.
  public let mapping: Bool
  /// The queue supports imported dma-bufs.
  public let importing: Bool
  /// The number of buffers on the queue now, whichever process put them there.
  public let buffers: Int
}

extension V4L2Node {
  private static var request: Request<v4l2_requestbuffers> { Request(.VIDIOC_REQBUFS, CDMABUF_VIDIOC_REQBUFS) }

  /// The capabilities of a queue, and its number of buffers. The call changes nothing, even when another process has
  /// buffers on the queue.
  ///
  /// Corresponds to `VIDIOC_CREATE_BUFS` with no buffers. Throws `ENOTTY` when the driver does not support this
  /// request.
  public func support(of queue: V4L2Queue) throws(KernelError) -> V4L2QueueSupport {
    var argument = unsafe v4l2_create_buffers()
    unsafe argument.memory = V4L2Memory.mapped.number
    unsafe argument.format.type = queue.type
    let call = unsafe Request<v4l2_create_buffers>(.VIDIOC_CREATE_BUFS, CDMABUF_VIDIOC_CREATE_BUFS)
    do throws(KernelError) {
      try unsafe file.ioctl(call, &argument)
    } catch {
      // EINVAL: the queue does not support the driver's own memory, but perhaps imported memory.
      guard error.errno == .invalidArgument else { throw error }
      unsafe argument.memory = V4L2Memory.imported.number
      try unsafe file.ioctl(call, &argument)
    }
    return unsafe V4L2QueueSupport(
      mapping: argument.capabilities & UInt32(V4L2_BUF_CAP_SUPPORTS_MMAP) != 0,
      importing: argument.capabilities & UInt32(V4L2_BUF_CAP_SUPPORTS_DMABUF) != 0, buffers: Int(argument.index))
  }

  /// Puts `count` buffers on a queue; the driver may add more. 0 removes the buffers and ends the ownership of the
  /// queue.
  ///
  /// Corresponds to `VIDIOC_REQBUFS`. Throws `EBUSY` while another file owns the queue or the queue is streaming,
  /// `EINVAL` when the queue does not support this memory.
  @discardableResult
  public func requestBuffers(_ count: Int, _ memory: V4L2Memory, on queue: V4L2Queue) throws(KernelError) -> Int {
    var argument = v4l2_requestbuffers()
    argument.count = UInt32(clamping: count)
    argument.type = queue.type
    argument.memory = memory.number
    try file.ioctl(Self.request, &argument)
    return Int(argument.count)
  }

  /// Runs `body` with at least `count` buffers on a queue, and removes them afterwards.
  ///
  /// Corresponds to `VIDIOC_REQBUFS`, twice; see ``requestBuffers(_:_:on:)``.
  public func withBuffers<Result>(
    _ count: Int, _ memory: V4L2Memory, on queue: V4L2Queue, _ body: (Int) throws -> Result
  ) throws -> Result {
    let granted = try requestBuffers(count, memory, on: queue)
    defer { release(memory, on: queue) }
    return try body(granted)
  }

  /// Removes the buffers even when the process was asked to end. Closing the node removes them, too.
  package func release(_ memory: V4L2Memory, on queue: V4L2Queue) {
    var argument = v4l2_requestbuffers()
    argument.type = queue.type
    argument.memory = memory.number
    try? file.ioctlToTheEnd(Self.request, &argument)
  }

  /// Exports one plane of one of the driver's own buffers. Each call creates a new dma-buf, with its own inode, for the
  /// same memory.
  ///
  /// Corresponds to `VIDIOC_EXPBUF`. Throws `EBUSY` when another file owns the queue, `EINVAL` when the driver cannot
  /// export, `ENOTTY` when the driver does not implement the request.
  public func exportBuffer(
    _ index: Int, plane: Int, on queue: V4L2Queue, readOnly: Bool = false
  ) throws -> DMABuffer {
    var argument = v4l2_exportbuffer()
    argument.type = queue.type
    argument.index = UInt32(clamping: index)
    argument.plane = UInt32(clamping: plane)
    argument.flags = UInt32(O_CLOEXEC | (readOnly ? O_RDONLY : O_RDWR))
    try file.ioctl(Request(.VIDIOC_EXPBUF, CDMABUF_VIDIOC_EXPBUF), &argument)
    return try DMABuffer(OpenFile(OwnedDescriptor(owning: argument.fd), name: path))
  }

  /// Queues dma-bufs, one for each plane. The device may use them until ``dequeueBuffer(from:_:)`` returns them or the
  /// queue's buffers are removed.
  ///
  /// Corresponds to `VIDIOC_QBUF` with `V4L2_MEMORY_DMABUF`. Throws `EINVAL` when a buffer is
  /// smaller than its plane, `EFAULT` when the driver cannot reach its memory.
  public func queueBuffer(
    _ index: Int, _ planes: [ImportedPlane], on queue: V4L2Queue, format: V4L2Format
  ) throws(KernelError) {
    try enqueue(index, planes, .imported, on: queue, format: format)
  }

  /// Queues one of the driver's own buffers.
  ///
  /// Corresponds to `VIDIOC_QBUF` with `V4L2_MEMORY_MMAP`.
  package func queueOwnBuffer(_ index: Int, on queue: V4L2Queue, format: V4L2Format) throws(KernelError) {
    // The driver knows its own memory. It reads only the sizes of output planes.
    let planes = format.planes.map { ImportedPlane(descriptor: 0, size: $0.size) }
    try enqueue(index, planes, .mapped, on: queue, format: format)
  }

  private func enqueue(
    _ index: Int, _ planes: [ImportedPlane], _ memory: V4L2Memory, on queue: V4L2Queue, format: V4L2Format
  ) throws(KernelError) {
    var argument = unsafe v4l2_buffer()
    unsafe argument.index = UInt32(clamping: index)
    unsafe argument.type = queue.type
    unsafe argument.memory = memory.number
    unsafe argument.field = format.field
    let request = unsafe Request<v4l2_buffer>(.VIDIOC_QBUF, CDMABUF_VIDIOC_QBUF)
    // The number of bytes to read from an output buffer. Capture devices set this number themselves.
    let used = planes.indices.map { index in
      queue.isOutput && index < format.planes.count ? UInt32(clamping: format.planes[index].size) : 0
    }
    guard queue.isMultiPlanar else {
      unsafe argument.m.fd = planes[0].descriptor
      unsafe argument.length = UInt32(clamping: planes[0].size)
      unsafe argument.bytesused = used[0]
      try unsafe file.ioctl(request, &argument)
      return
    }
    var list = [v4l2_plane](repeating: v4l2_plane(), count: planes.count)
    for (index, plane) in planes.enumerated() {
      unsafe list[index].m.fd = plane.descriptor
      list[index].length = UInt32(clamping: plane.size)
      list[index].bytesused = used[index]
    }
    unsafe argument.length = UInt32(list.count)
    try unsafe list.withUnsafeMutableBufferPointer { pointer throws(KernelError) in
      unsafe argument.m.planes = pointer.baseAddress
      try unsafe file.ioctl(request, &argument)
    }
  }

  /// Dequeues a buffer that the device is done with.
  ///
  /// Corresponds to `VIDIOC_DQBUF`. Throws `EAGAIN` when no buffer is done yet, `EIO` when the device failed, `EPIPE`
  /// after the last buffer.
  public func dequeueBuffer(from queue: V4L2Queue, _ memory: V4L2Memory) throws(KernelError) -> V4L2Frame {
    var argument = unsafe v4l2_buffer()
    unsafe argument.type = queue.type
    unsafe argument.memory = memory.number
    var planes = [v4l2_plane](repeating: v4l2_plane(), count: Int(VIDEO_MAX_PLANES))
    if queue.isMultiPlanar { unsafe argument.length = UInt32(planes.count) }
    try unsafe planes.withUnsafeMutableBufferPointer { pointer throws(KernelError) in
      if queue.isMultiPlanar { unsafe argument.m.planes = pointer.baseAddress }
      try unsafe file.ioctl(Request(.VIDIOC_DQBUF, CDMABUF_VIDIOC_DQBUF), &argument)
    }
    let used =
      unsafe queue.isMultiPlanar
      ? planes.prefix(Int(argument.length)).map { Int($0.bytesused) } : [Int(argument.bytesused)]
    return unsafe V4L2Frame(
      index: Int(argument.index), sequence: argument.sequence, bytesUsed: used,
      timestamp: UInt64(argument.timestamp.tv_sec) * 1_000_000_000 + UInt64(argument.timestamp.tv_usec) * 1000,
      field: V4L2Frame.fieldName(argument.field), isError: argument.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0)
  }
}

/// A dma-buf that is queued as one plane of a frame.
public struct ImportedPlane: Sendable {
  package let descriptor: CInt
  package let size: Int

  package init(descriptor: CInt, size: Int) { (self.descriptor, self.size) = (descriptor, size) }

  /// Creates a plane of `buffer`, which has to live at least until the plane is queued.
  public init(_ buffer: borrowing DMABuffer) {
    descriptor = buffer.descriptorNumber
    size = buffer.size
  }
}

/// A frame that was dequeued.
public struct V4L2Frame: Equatable, Sendable {
  /// The index of the queue's buffer that contains the frame.
  public let index: Int
  /// The number of the frame since streaming began. A gap means that frames were lost.
  public let sequence: UInt32
  /// The number of bytes of data in each plane.
  public let bytesUsed: [Int]
  /// Time of the frame in nanoseconds, for cameras on `CLOCK_MONOTONIC`.
  public let timestamp: UInt64
  /// The lines that the frame contains: `none` (all of them, progressive), `top`, `interlaced`, …
  public let field: String
  /// Whether the content is damaged.
  public let isError: Bool

  static func fieldName(_ number: UInt32) -> String {
    let names = [
      "any", "none", "top", "bottom", "interlaced", "seq-tb", "seq-bt", "alternate", "interlaced-tb", "interlaced-bt",
    ]
    return Int(number) < names.count ? names[Int(number)] : "\(number)"
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// Whose memory a queue's buffers are.
public enum V4L2Memory: Sendable {
  /// The driver's own, which can be mapped and exported.
  case mapped
  /// dma-bufs that come from elsewhere.
  case imported

  package var number: UInt32 {
    UInt32((self == .mapped ? V4L2_MEMORY_MMAP : V4L2_MEMORY_DMABUF).rawValue)
  }
}

/// What a queue says it can do, without being used.
public struct V4L2QueueSupport: Equatable, Sendable {
  /// The driver's own buffers, for `mmap(2)` and export.
  public let mapping: Bool
  /// dma-bufs of others.
  public let importing: Bool
  /// How many buffers are on the queue now, whoever put them there.
  public let buffers: Int
}

extension V4L2Node {
  private static var request: Request<v4l2_requestbuffers> { Request(.VIDIOC_REQBUFS, CDMABUF_VIDIOC_REQBUFS) }

  /// What a queue can do, and whether it is in use. Nothing changes, even where another process has
  /// its buffers there.
  ///
  /// Corresponds to `VIDIOC_CREATE_BUFS` with no buffers. Throws `ENOTTY` when the driver cannot be
  /// asked this way.
  public func support(of queue: V4L2Queue) throws(KernelError) -> V4L2QueueSupport {
    var argument = unsafe v4l2_create_buffers()
    unsafe argument.memory = V4L2Memory.mapped.number
    unsafe argument.format.type = queue.type
    let call = unsafe Request<v4l2_create_buffers>(.VIDIOC_CREATE_BUFS, CDMABUF_VIDIOC_CREATE_BUFS)
    do throws(KernelError) {
      try unsafe file.ioctl(call, &argument)
    } catch {
      // EINVAL: no memory of the driver's own there, though perhaps imported memory.
      guard error.errno == .invalidArgument else { throw error }
      unsafe argument.memory = V4L2Memory.imported.number
      try unsafe file.ioctl(call, &argument)
    }
    return unsafe V4L2QueueSupport(
      mapping: argument.capabilities & UInt32(V4L2_BUF_CAP_SUPPORTS_MMAP) != 0,
      importing: argument.capabilities & UInt32(V4L2_BUF_CAP_SUPPORTS_DMABUF) != 0, buffers: Int(argument.index))
  }

  /// Puts `count` buffers on a queue; the driver may want more. 0 takes them away and ends the
  /// ownership of the queue.
  ///
  /// Corresponds to `VIDIOC_REQBUFS`. Throws `EBUSY` while the queue is another's or streaming,
  /// `EINVAL` when it does not have that memory.
  @discardableResult
  public func requestBuffers(_ count: Int, _ memory: V4L2Memory, on queue: V4L2Queue) throws(KernelError) -> Int {
    var argument = v4l2_requestbuffers()
    argument.count = UInt32(clamping: count)
    argument.type = queue.type
    argument.memory = memory.number
    try file.ioctl(Self.request, &argument)
    return Int(argument.count)
  }

  /// Runs `body` with at least `count` buffers on a queue, and takes them away afterwards.
  ///
  /// Corresponds to `VIDIOC_REQBUFS`, twice; see ``requestBuffers(_:_:on:)``.
  public func withBuffers<Result>(
    _ count: Int, _ memory: V4L2Memory, on queue: V4L2Queue, _ body: (Int) throws -> Result
  ) throws -> Result {
    let granted = try requestBuffers(count, memory, on: queue)
    defer { release(memory, on: queue) }
    return try body(granted)
  }

  /// Takes the buffers away even when the process was asked to end. Closing the node does it too.
  package func release(_ memory: V4L2Memory, on queue: V4L2Queue) {
    var argument = v4l2_requestbuffers()
    argument.type = queue.type
    argument.memory = memory.number
    _ = try? file.ioctl(Self.request, &argument)
  }

  /// A dma-buf over one plane of one of the driver's own buffers. Each call makes a new one, with an
  /// inode of its own, for the same memory.
  ///
  /// Corresponds to `VIDIOC_EXPBUF`. Throws `EBUSY` when the queue is another's, `EINVAL` when the
  /// driver cannot export, `ENOTTY` when it does not know how.
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

  /// Gives dma-bufs to a queue, one for each plane. The device may use them until they come back
  /// from ``dequeueBuffer(from:_:)`` or the queue's buffers are taken away.
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
    // The driver knows its own memory; only the sizes of outputs' planes are looked at.
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
    // How much of it there is to read; capturing devices say it themselves.
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

  /// Takes back a buffer the device is done with.
  ///
  /// Corresponds to `VIDIOC_DQBUF`. Throws `EAGAIN` when there is none yet, `EIO` when the device
  /// failed, `EPIPE` after the last one.
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

/// A dma-buf that is given to a queue as one plane of a frame.
public struct ImportedPlane: Sendable {
  package let descriptor: CInt
  package let size: Int

  package init(descriptor: CInt, size: Int) { (self.descriptor, self.size) = (descriptor, size) }

  /// Stands for `buffer`, which has to live at least until the plane is queued.
  public init(_ buffer: borrowing DMABuffer) {
    descriptor = buffer.descriptorNumber
    size = buffer.size
  }
}

/// A frame as it came back from a queue.
public struct V4L2Frame: Equatable, Sendable {
  /// Which of the queue's buffers it is in.
  public let index: Int
  /// Counts the frames since streaming began; gaps are frames that were lost.
  public let sequence: UInt32
  /// How much of each plane holds data.
  public let bytesUsed: [Int]
  /// Nanoseconds, for cameras of `CLOCK_MONOTONIC`.
  public let timestamp: UInt64
  /// Which lines it has: `none` (all of them, progressive), `top`, `interlaced`, …
  public let field: String
  /// Is the content damaged?
  public let isError: Bool

  static func fieldName(_ number: UInt32) -> String {
    let names = [
      "any", "none", "top", "bottom", "interlaced", "seq-tb", "seq-bt", "alternate", "interlaced-tb", "interlaced-bt",
    ]
    return Int(number) < names.count ? names[Int(number)] : "\(number)"
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf

/// The structures of a queue's requests. They are created once, so that a benchmark measures the requests alone.
@safe package final class V4L2QueueRequest {
  private var buffer = unsafe v4l2_buffer()
  private let planes: UnsafeMutableBufferPointer<v4l2_plane>
  private let queue: V4L2Queue
  private let field: UInt32
  private let descriptor: CInt
  private let size: UInt32

  package init(_ queue: V4L2Queue, field: UInt32, planes: Int, descriptor: CInt, size: Int) {
    self.queue = queue
    self.field = field
    self.descriptor = descriptor
    self.size = UInt32(clamping: size)
    unsafe self.planes = .allocate(capacity: planes)
    unsafe self.planes.initialize(repeating: v4l2_plane())
  }

  deinit { unsafe planes.deallocate() }

  /// Corresponds to `VIDIOC_QBUF`.
  package func queue(_ index: Int, on node: borrowing V4L2Node) throws(KernelError) {
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

  /// Corresponds to `VIDIOC_DQBUF`. Returns the buffer's index.
  package func dequeue(from node: borrowing V4L2Node) throws(KernelError) -> Int {
    prepare()
    try unsafe node.file.ioctl(Request(.VIDIOC_DQBUF, CDMABUF_VIDIOC_DQBUF), &buffer)
    return unsafe Int(buffer.index)
  }

  private func prepare() {
    unsafe buffer = v4l2_buffer()
    unsafe buffer.type = queue.type
    unsafe buffer.memory = V4L2Memory.imported.number
    guard queue.isMultiPlanar else { return }
    unsafe buffer.length = UInt32(planes.count)
    unsafe buffer.m.planes = planes.baseAddress
  }
}

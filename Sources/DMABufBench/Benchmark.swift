// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// An operation that can be measured, by the name that users type.
public enum TimedOperation: String, CaseIterable, Sendable {
  /// Allocating a buffer on an open device, with only the calls that a program needs.
  case allocate = "alloc"
  /// Closing the only descriptor of the buffer.
  case free
  /// Mapping the whole buffer.
  case map = "mmap"
  /// Writing a byte to each page of a new mapping.
  case touch
  /// `DMA_BUF_IOCTL_SYNC`, start and end, for reading and writing.
  case synchronize = "sync"
  /// PRIME import into a DRM device.
  case importing = "import"
  /// Closing the handle of the import.
  case release
  /// Queueing the buffer on a streaming V4L2 queue.
  case queue = "qbuf"
  /// Dequeueing the buffer when the device is done with it.
  case dequeue = "dqbuf"
  /// Sending a descriptor over a Unix socket.
  case send
  /// Receiving the descriptor.
  case receive
  /// The time from the signal of a fence until a polling thread runs.
  case wake
  /// Reading the whole buffer.
  case read
  /// Writing the whole buffer.
  case write
}

/// The measured times of an operation.
public struct Measurement: Sendable {
  /// The operation.
  public let operation: TimedOperation
  /// The times of single iterations.
  public let times: Statistics
  /// The number of bytes that an iteration processes; `nil` if the time does not depend on them.
  public let bytes: Int?

  init(_ operation: TimedOperation, _ times: Statistics, bytes: Int? = nil) {
    self.operation = operation
    self.times = times
    self.bytes = bytes
  }

  /// The number of bytes that the median iteration processes per second.
  public var bytesPerSecond: UInt64? {
    bytes.map { UInt64(Double($0) / Double(max(1, times.median)) * 1e9) }
  }
}

/// Measures operations on buffers of one source and size.
///
/// The benchmark restores the state of the machine, also after an error or an interruption. Errors are ``KernelError``
/// and ``NotMeasurable``.
public struct Benchmark: Sendable {
  /// The source of the buffers.
  public let source: BufferSource
  /// The requested size of the buffers, in bytes.
  public let size: Int
  /// The number of iterations.
  public let repetition: Repetition

  /// Creates a benchmark.
  public init(source: BufferSource, size: Int, repetition: Repetition) {
    self.source = source
    self.size = size
    self.repetition = repetition
  }

  /// Measures ``TimedOperation/allocate`` and ``TimedOperation/free``, one buffer at a time.
  public func allocation() throws -> [Measurement] {
    let source = try OpenBufferSource(source)
    let times = try repetition.run {
      let start = Clock.now
      let descriptor = try source.allocate(size).release()
      let allocated = Clock.now
      close(descriptor)
      let freed = Clock.now
      return (allocated - start, freed - allocated)
    }
    return [Measurement(.allocate, times.first, bytes: size), Measurement(.free, times.second)]
  }

  /// Measures ``TimedOperation/map`` and ``TimedOperation/touch``, each time with a new mapping of the same buffer.
  public func mapping() throws -> [Measurement] {
    let buffer = try source.allocate(size, readOnly: false)
    let page = Mapping.pageSize
    let times = try buffer.withAccess([.read, .write]) {
      try repetition.run {
        let start = Clock.now
        let mapping = try buffer.map(0..<size, for: [.read, .write])
        let mapped = Clock.now
        let bytes = unsafe mapping.bytes
        for offset in stride(from: 0, to: bytes.count, by: page) {
          unsafe bytes.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
        }
        let touched = Clock.now
        return (mapped - start, touched - mapped)
      }
    }
    return [Measurement(.map, times.first), Measurement(.touch, times.second)]
  }

  /// Measures ``TimedOperation/synchronize`` on a buffer without mappings and without fences.
  public func synchronization() throws -> [Measurement] {
    let buffer = try source.allocate(size, readOnly: false)
    let times = try repetition.run {
      let start = Clock.now
      try buffer.beginAccess([.read, .write])
      try buffer.endAccess([.read, .write])
      return (Clock.now - start, 0)
    }
    return [Measurement(.synchronize, times.first)]
  }

  /// Measures ``TimedOperation/importing`` and ``TimedOperation/release`` on a DRM device.
  public func importing(into node: borrowing DRMNode) throws -> [Measurement] {
    let buffer = try source.allocate(size, readOnly: false)
    let times = try repetition.run {
      let start = Clock.now
      let handle = try node.importBuffer(buffer)
      let imported = Clock.now
      node.close(handle)
      let released = Clock.now
      return (imported - start, released - imported)
    }
    return [Measurement(.importing, times.first), Measurement(.release, times.second)]
  }
}

/// An error: the operation cannot be measured here.
public struct NotMeasurable: Error, Equatable, CustomStringConvertible {
  /// The reason.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// A source of buffers with an open device.
enum OpenBufferSource: ~Copyable {
  case heap(DMAHeap)
  case udmabuf(Pages)
  case dumb(DRMNode)

  struct Pages: ~Copyable {
    let device: UDMABuf
    let hugePageSize: Int?
  }

  init(_ source: BufferSource) throws {
    switch source {
    case .heap(let name): self = .heap(try DMAHeap(name))
    case .cmaHeap: self = .heap(try DMAHeap(BufferSource.cmaHeapName()))
    case .udmabuf(let hugePageSize):
      self = .udmabuf(Pages(device: try UDMABuf(), hugePageSize: hugePageSize))
    case .dumb(let name): self = .dumb(try DRMNode(DRMNode.find(name, primary: true)))
    }
  }

  /// Allocates a buffer with the necessary calls alone.
  func allocate(_ size: Int) throws(KernelError) -> OwnedDescriptor {
    switch self {
    case .heap(let heap): return try heap.allocateDescriptor(size)
    case .udmabuf(let pages): return try pages.device.allocateDescriptor(size, hugePageSize: pages.hugePageSize)
    case .dumb(let node):
      let (width, height) = BufferSource.dumbShape(of: size)
      var stride = 0
      return try node.makeDumbDescriptor(width: width, height: height, bitsPerPixel: 32, stride: &stride)
    }
  }
}

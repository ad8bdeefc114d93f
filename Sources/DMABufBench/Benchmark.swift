// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// What can be timed, by the names that users type.
public enum TimedOperation: String, CaseIterable, Sendable {
  /// Making a buffer, by the calls that a program makes for it, with the device open.
  case allocate = "alloc"
  /// Closing its only descriptor.
  case free
  /// Mapping all of it.
  case map = "mmap"
  /// Writing a byte to each page of a new mapping.
  case touch
  /// `DMA_BUF_IOCTL_SYNC`, start and end, for reading and writing.
  case synchronize = "sync"
  /// PRIME import into a DRM device.
  case importing = "import"
  /// Closing the handle that the import made.
  case release
  /// Giving it to a V4L2 queue that streams.
  case queue = "qbuf"
  /// Taking it back when the device is done with it.
  case dequeue = "dqbuf"
  /// Sending its descriptor over a Unix socket.
  case send
  /// Receiving it.
  case receive
  /// From the signalling of a fence until a thread that polled for it runs.
  case wake
  /// Reading all of it.
  case read
  /// Writing all of it.
  case write
}

/// What an operation took.
public struct Measurement: Sendable {
  /// What was done.
  public let operation: TimedOperation
  /// What one turn took.
  public let times: Statistics
  /// How many bytes a turn goes through; `nil` where that is not what takes the time.
  public let bytes: Int?

  init(_ operation: TimedOperation, _ times: Statistics, bytes: Int? = nil) {
    self.operation = operation
    self.times = times
    self.bytes = bytes
  }

  /// Bytes that the median turn goes through in a second.
  public var bytesPerSecond: UInt64? {
    bytes.map { UInt64(Double($0) / Double(max(1, times.median)) * 1e9) }
  }
}

/// Times what is done with buffers of one source and size.
///
/// All of it leaves the machine as it was, after an error and an interruption too. Errors are the kernel's
/// refusals, as ``KernelError``, and ``NotMeasurable``.
public struct Benchmark: Sendable {
  /// Where the buffers come from.
  public let source: BufferSource
  /// Their size in bytes, as asked for.
  public let size: Int
  /// How often each thing is done.
  public let repetition: Repetition

  /// Describes what is to be timed.
  public init(source: BufferSource, size: Int, repetition: Repetition) {
    self.source = source
    self.size = size
    self.repetition = repetition
  }

  /// ``TimedOperation/allocate`` and ``TimedOperation/free``, one buffer at a time.
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

  /// ``TimedOperation/map`` and ``TimedOperation/touch``, each time of a new mapping of the same buffer.
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

  /// ``TimedOperation/synchronize``, of a buffer that nothing is mapped of and nobody waits for.
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

  /// ``TimedOperation/importing`` and ``TimedOperation/release``, by a DRM device.
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

/// Something that cannot be timed here, in words.
public struct NotMeasurable: Error, Equatable, CustomStringConvertible {
  /// Why not.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// A source of buffers with its device open.
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

  /// Makes a buffer by the calls that it takes, and no others.
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

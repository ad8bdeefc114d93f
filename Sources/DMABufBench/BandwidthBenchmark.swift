// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import Glibc

/// The caching of a mapping by the processor, derived from the measured bandwidth.
public enum CPUCaching: String, Sendable {
  /// Cached like ordinary memory.
  case cached
  /// The processor combines writes; each read accesses memory.
  case writeCombined = "write-combined"
  /// Each read and each write accesses memory.
  case uncached

  /// Derives the caching from rates in bytes per second. A mapping is cached if it reads at least a quarter as fast as
  /// ordinary memory of the same size. Otherwise it is write-combined if it writes at least four times as fast as it
  /// reads.
  public init(reading: UInt64, writing: UInt64, ordinaryReading: UInt64) {
    if reading >= ordinaryReading / 4 {
      self = .cached
    } else {
      self = writing / 4 >= reading ? .writeCombined : .uncached
    }
  }
}

/// The bandwidth of the CPU's access to a buffer, compared with ordinary memory.
public struct Bandwidth: Sendable {
  /// ``TimedOperation/read`` and ``TimedOperation/write`` of the buffer.
  public let measurements: [Measurement]
  /// Read bandwidth of private memory of the same size, in bytes per second.
  public let ordinaryReading: UInt64
  /// Write bandwidth of private memory of the same size, in bytes per second.
  public let ordinaryWriting: UInt64
  /// The caching of the mapping, derived from these rates.
  public let caching: CPUCaching
}

extension Benchmark {
  /// Measures ``TimedOperation/read`` and ``TimedOperation/write``: passes over a whole mapping that was touched
  /// before.
  public func bandwidth() throws -> Bandwidth {
    let ordinary = try ordinaryMemory()
    let buffer = try source.allocate(size, readOnly: false)
    let mapping = try buffer.map(0..<size, for: [.read, .write])
    let passes = try buffer.withAccess([.read, .write]) {
      unsafe CPUBandwidth.write(mapping.bytes)
      return try repetition.run { unsafe Self.passes(over: mapping.bytes) }
    }
    let reading = Measurement(.read, passes.first, bytes: size)
    let writing = Measurement(.write, passes.second, bytes: size)
    return Bandwidth(
      measurements: [reading, writing], ordinaryReading: ordinary.reading, ordinaryWriting: ordinary.writing,
      caching: CPUCaching(
        reading: reading.bytesPerSecond ?? 0, writing: writing.bytesPerSecond ?? 0,
        ordinaryReading: ordinary.reading))
  }

  /// Measures ordinary memory. A few passes are enough for the comparison.
  private func ordinaryMemory() throws -> (reading: UInt64, writing: UInt64) {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard unsafe address != MAP_FAILED else { throw KernelError(.mmap, on: "memory") }
    defer { _ = unsafe munmap(address, size) }
    let bytes = unsafe UnsafeMutableRawBufferPointer(start: address, count: size)
    unsafe CPUBandwidth.write(bytes)
    let passes = try Repetition(.count(5), warmUp: 1).run { unsafe Self.passes(over: bytes) }
    return (
      Measurement(.read, passes.first, bytes: size).bytesPerSecond ?? 0,
      Measurement(.write, passes.second, bytes: size).bytesPerSecond ?? 0
    )
  }

  private static func passes(over bytes: UnsafeMutableRawBufferPointer) -> Repetition.Times {
    let start = Clock.now
    unsafe CPUBandwidth.read(UnsafeRawBufferPointer(bytes))
    let read = Clock.now
    unsafe CPUBandwidth.write(bytes)
    return (read - start, Clock.now - read)
  }
}

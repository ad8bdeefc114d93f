// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import Glibc

/// How the processor's caches treat a mapping, told from how fast it is.
public enum CPUCaching: String, Sendable {
  /// As ordinary memory.
  case cached
  /// Writes are gathered, reads go to memory one by one.
  case writeCombined = "write-combined"
  /// Reads and writes go to memory one by one.
  case uncached

  /// Cached is what reads at least a quarter as fast as ordinary memory of the same size. Of the rest, what is
  /// written at least four times as fast as read is write-combined. Rates are in bytes per second.
  public init(reading: UInt64, writing: UInt64, ordinaryReading: UInt64) {
    if reading >= ordinaryReading / 4 {
      self = .cached
    } else {
      self = writing / 4 >= reading ? .writeCombined : .uncached
    }
  }
}

/// How fast the CPU goes through a buffer, and through ordinary memory.
public struct Bandwidth: Sendable {
  /// ``TimedOperation/read`` and ``TimedOperation/write`` of the buffer.
  public let measurements: [Measurement]
  /// Bytes per second of private memory of the same size: reading.
  public let ordinaryReading: UInt64
  /// Bytes per second of private memory of the same size: writing.
  public let ordinaryWriting: UInt64
  /// What that says of the mapping.
  public let caching: CPUCaching
}

extension Benchmark {
  /// ``TimedOperation/read`` and ``TimedOperation/write``: passes over all of a mapping that was touched before.
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

  /// A few passes are enough to compare with.
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

// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// Plain passes over memory that measure how fast the CPU accesses it. Reads from an uncached mapping can be a hundred
/// times slower than from ordinary memory.
public enum CPUBandwidth {
  /// Reads every byte once.
  @inline(never)
  public static func read(_ bytes: UnsafeRawBufferPointer) {
    let words = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count & ~7)]).bindMemory(to: UInt64.self)
    var sum: UInt64 = 0
    for index in words.indices { unsafe sum |= words[index] }
    unsafe sink = sum
  }

  /// Writes every byte once.
  public static func write(_ bytes: UnsafeMutableRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    unsafe memset(base, 0x5a, bytes.count)
  }

  /// Writes every byte once with its present value, which is copied through `scratch`. Returns the nanoseconds of the
  /// writes. A concurrent change of the memory may be undone.
  public static func rewrite(
    _ bytes: UnsafeMutableRawBufferPointer, through scratch: UnsafeMutableRawBufferPointer
  ) -> UInt64 {
    var elapsed: UInt64 = 0
    for start in stride(from: 0, to: bytes.count, by: scratch.count) {
      let count = min(scratch.count, bytes.count - start)
      guard let base = bytes.baseAddress, let copy = scratch.baseAddress else { return 0 }
      unsafe memcpy(copy, base + start, count)
      let before = Clock.now
      unsafe memcpy(base + start, copy, count)
      elapsed += Clock.now - before
    }
    return elapsed
  }

  /// Stores results that exist only to keep the compiler from removing the work.
  nonisolated(unsafe) private static var sink: UInt64 = 0
}

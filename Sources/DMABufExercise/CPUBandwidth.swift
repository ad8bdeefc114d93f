// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// Plain passes over memory, for telling how fast the CPU reaches it: a buffer that is mapped
/// uncached reads a hundred times slower than it looks.
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

  /// Writes every byte once with the value it has, taken through `scratch`; returns the nanoseconds
  /// that the writing took. A change that somebody else makes meanwhile may be undone.
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

  /// Where results go that only exist so that the work is not optimised away.
  nonisolated(unsafe) private static var sink: UInt64 = 0
}

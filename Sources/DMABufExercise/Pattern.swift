// SPDX-License-Identifier: MIT
import Glibc

/// Bytes that can be written to a buffer and verified later. The byte at an offset depends only on the offset from the
/// buffer's start, so any part can be filled or verified by itself.
public enum Pattern: Equatable, Sendable {
  /// The same bytes repeated from the buffer's start. Never empty.
  case repeating([UInt8])
  /// Each 64-bit little-endian word is its own index: 0, 1, 2, ….
  case counter
  /// Word `i` is the `i`-th output of SplitMix64 seeded with `seed`, little-endian.
  case random(seed: UInt64)

  /// The differences between a buffer and its pattern.
  public struct Mismatch: Equatable, Sendable {
    /// The number of bytes that differ.
    public var count = 0
    /// The offset of the first difference from the buffer's start.
    public var offset: Int?
    /// The expected bytes there, at most 16.
    public var expected: [UInt8] = []
    /// The bytes that were found there.
    public var found: [UInt8] = []

    /// Creates a result without differences.
    public init() {}
  }

  private static let blockSize = 4096
  /// Half the size of the smallest first-level caches. Larger pieces compare faster.
  private static let tileSize = 16 << 10

  /// Writes the pattern. `offset` is the distance of `bytes` from the buffer's start. The address must have the same
  /// distance from an 8-byte boundary as `offset`.
  public func fill(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    guard let base = bytes.baseAddress else { return }
    switch self {
    case .repeating(let unit) where unit.count == 1:
      unsafe memset(base, CInt(unit[0]), bytes.count)
    case .repeating(let unit):
      unsafe Self.tile(of: unit, at: offset).withUnsafeBytes { tile in
        Self.forEachBlock(bytes.count, size: tile.count) { position, count in
          _ = unsafe memcpy(base + position, tile.baseAddress!, count)
        }
      }
    case .counter:
      unsafe fillWords(bytes, at: offset) { words, first in
        for index in words.indices {
          unsafe words[index] = (first &+ UInt64(truncatingIfNeeded: index)).littleEndian
        }
      }
    case .random(let seed):
      unsafe fillWords(bytes, at: offset) { words, first in
        var state = Self.state(seed, first)
        for index in words.indices { unsafe words[index] = Self.splitMix(&state).littleEndian }
      }
    }
  }

  /// Compares bytes with the pattern and adds the differences to `mismatch`. The arguments are those of
  /// ``fill(_:at:)``.
  public func verify(_ bytes: UnsafeRawBufferPointer, at offset: Int, into mismatch: inout Mismatch) {
    guard let base = bytes.baseAddress else { return }
    switch self {
    case .repeating(let unit):
      unsafe Self.tile(of: unit, at: offset).withUnsafeBytes { tile in
        Self.forEachBlock(bytes.count, size: tile.count) { position, count in
          if unsafe memcmp(base + position, tile.baseAddress!, count) != 0 {
            unsafe compare(bytes, position, count, at: offset, into: &mismatch)
          }
        }
      }
    case .counter:
      unsafe verifyWords(bytes, at: offset, into: &mismatch) { words, first in
        var difference: UInt64 = 0
        for index in words.indices {
          unsafe difference |= words[index] ^ (first &+ UInt64(truncatingIfNeeded: index)).littleEndian
        }
        return difference
      }
    case .random(let seed):
      unsafe verifyWords(bytes, at: offset, into: &mismatch) { words, first in
        var state = Self.state(seed, first)
        var difference: UInt64 = 0
        for index in words.indices { unsafe difference |= words[index] ^ Self.splitMix(&state).littleEndian }
        return difference
      }
    }
  }

  /// The byte of the pattern at `offset` from the buffer's start.
  public func byte(at offset: Int) -> UInt8 {
    switch self {
    case .repeating(let unit): unit[offset % unit.count]
    case .counter: Self.byte(offset) { $0 }
    case .random(let seed):
      Self.byte(offset) { index in
        var state = Self.state(seed, index)
        return Self.splitMix(&state)
      }
    }
  }

  // MARK: Words

  /// The state of SplitMix64 before its output number `index`.
  @inline(__always)
  private static func state(_ seed: UInt64, _ index: UInt64) -> UInt64 { seed &+ index &* 0x9E37_79B9_7F4A_7C15 }

  /// Returns the next output and advances the state. Each output depends on the previous state, because the compiler
  /// would vectorize a loop over indices. Vectors without 64-bit multiplication (before AVX-512) are half as fast.
  @inline(__always)
  private static func splitMix(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word &>> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word &>> 31)
  }

  @inline(__always)
  private static func byte(_ offset: Int, _ word: (UInt64) -> UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: word(UInt64(offset / 8)) &>> UInt64(offset % 8 * 8))
  }

  /// Splits a range into bytes before the first whole word, whole words, and bytes after the last.
  private static func parts(_ count: Int, at offset: Int) -> (head: Int, words: Int) {
    let head = min(count, (8 - offset % 8) % 8)
    return (head, (count - head) / 8)
  }

  /// Calls `body` with the whole words and the index of the first, and writes the bytes that remain at either end.
  @inline(__always)
  private func fillWords(
    _ bytes: UnsafeMutableRawBufferPointer, at offset: Int,
    _ body: (UnsafeMutableBufferPointer<UInt64>, UInt64) -> Void
  ) {
    let (head, count) = Self.parts(bytes.count, at: offset)
    let tail = head + count * 8
    unsafe body(
      UnsafeMutableRawBufferPointer(rebasing: bytes[head..<tail]).bindMemory(to: UInt64.self),
      UInt64((offset + head) / 8))
    for index in Array(0..<head) + Array(tail..<bytes.count) {
      unsafe bytes[index] = byte(at: offset + index)
    }
  }

  /// Calls `difference` with the whole words, one block at a time, and the index of the first. It returns the combined
  /// difference from the pattern: a test of each word would halve the speed.
  @inline(__always)
  private func verifyWords(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, into mismatch: inout Mismatch,
    _ difference: (UnsafeBufferPointer<UInt64>, UInt64) -> UInt64
  ) {
    let (head, count) = Self.parts(bytes.count, at: offset)
    let tail = head + count * 8
    unsafe compare(bytes, 0, head, at: offset, into: &mismatch)
    let words = unsafe UnsafeRawBufferPointer(rebasing: bytes[head..<tail]).bindMemory(to: UInt64.self)
    Self.forEachBlock(count, size: Self.blockSize / 8) { start, count in
      let block = unsafe UnsafeBufferPointer(rebasing: words[start..<start + count])
      if unsafe difference(block, UInt64((offset + head) / 8 + start)) != 0 {
        unsafe compare(bytes, head + start * 8, count * 8, at: offset, into: &mismatch)
      }
    }
    unsafe compare(bytes, tail, bytes.count - tail, at: offset, into: &mismatch)
  }

  // MARK: Blocks and bytes

  /// Whole repetitions of the pattern, starting with the byte at `offset`. Tiles can follow each other.
  private static func tile(of unit: [UInt8], at offset: Int) -> [UInt8] {
    let phase = offset % unit.count
    let turned = unit[phase...] + unit[..<phase]
    return Array(repeatElement(turned, count: max(1, tileSize / unit.count)).joined())
  }

  @inline(__always)
  private static func forEachBlock(_ count: Int, size: Int, _ body: (Int, Int) -> Void) {
    for position in stride(from: 0, to: count, by: size) {
      body(position, min(size, count - position))
    }
  }

  private func compare(
    _ bytes: UnsafeRawBufferPointer, _ position: Int, _ count: Int, at offset: Int,
    into mismatch: inout Mismatch
  ) {
    for index in position..<position + count {
      let expected = byte(at: offset + index)
      guard unsafe bytes[index] != expected else { continue }
      if mismatch.offset == nil {
        let end = min(index + 16, bytes.count)
        mismatch.offset = offset + index
        mismatch.expected = (index..<end).map { byte(at: offset + $0) }
        mismatch.found = unsafe Array(bytes[index..<end])
      }
      mismatch.count += 1
    }
  }
}

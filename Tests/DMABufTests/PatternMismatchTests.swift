// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufExercise

@Suite("Differences between memory and its pattern")
struct PatternMismatchTests {
  static let patterns: [Pattern] = [
    .repeating([0]), .repeating([0xaa, 0xbb, 0xcc]), .repeating((0..<4097).map { UInt8(truncatingIfNeeded: $0) }),
    .counter, .random(seed: 7),
  ]
  /// Starts before, at and after borders of words and blocks.
  static let offsets = [0, 1, 5, 7, 8, 4091, 4096]
  static let count = 8200

  /// The result of a comparison byte by byte.
  static func reference(_ memory: PatternMemory, _ pattern: Pattern) -> Pattern.Mismatch {
    let model = PatternModel.bytes(pattern, count: memory.offset + memory.count)
    let expected = Array(model[memory.offset...].prefix(memory.count))
    let found = memory.bytes
    var mismatch = Pattern.Mismatch()
    let differing = found.indices.filter { found[$0] != expected[$0] }
    mismatch.count = differing.count
    if let first = differing.first {
      let end = min(first + 16, memory.count)
      mismatch.offset = memory.offset + first
      mismatch.expected = Array(expected[first..<end])
      mismatch.found = Array(found[first..<end])
    }
    return mismatch
  }

  @Test(
    "One flipped byte is found anywhere: head, tail, and both sides of words and blocks", arguments: patterns)
  func oneFlip(_ pattern: Pattern) {
    let model = PatternModel.bytes(pattern, count: 4096 + Self.count)
    for offset in Self.offsets {
      for index in [0, 1, 6, 7, 8, 9, 4090, 4094, 4095, 4096, 4097, 4103, 8191, 8192, 8193, 8198, 8199] {
        let memory = PatternMemory(offset: offset, bytes: model[offset..<offset + Self.count])
        memory.flip(index)
        let mismatch = memory.verify(pattern)
        guard mismatch.count == 1, mismatch.offset == offset + index else {
          Issue.record("byte \(index) of a range at offset \(offset): \(mismatch)")
          return
        }
      }
    }
  }

  @Test("Any set of flipped bytes has the count, first offset and bytes of a plain comparison", arguments: patterns)
  func manyFlips(_ pattern: Pattern) {
    var random = Seeded(99)
    for flips in [2, 3, 17, 500] {
      let memory = PatternMemory(offset: Int.random(in: 0...5000, using: &random), count: 6000)
      memory.fill(pattern)
      let flipped = Set((0..<flips).map { _ in Int.random(in: 0..<6000, using: &random) })
      for index in flipped { memory.flip(index) }
      #expect(memory.verify(pattern) == Self.reference(memory, pattern))
    }
  }

  @Test("Memory without any byte of the pattern differs in each byte")
  func everythingDiffers() {
    let memory = PatternMemory(offset: 3, count: 5000)
    memory.fill(.repeating([0x11]))
    #expect(memory.verify(.repeating([0x22])).count == 5000)
  }

  @Test("The report has at most 16 bytes")
  func quoteIsShort() {
    let memory = PatternMemory(offset: 0, count: 100)
    memory.fill(.repeating([0]))
    memory.flip(50)
    #expect(memory.verify(.repeating([0])).found == [0xff] + Array(repeating: 0, count: 15))
  }

  @Test("The reported bytes end where the range ends")
  func quoteEndsWithTheRange() {
    let memory = PatternMemory(offset: 0, count: 100)
    memory.fill(.repeating([1, 2]))
    memory.flip(98)
    #expect(memory.verify(.repeating([1, 2])).expected == [1, 2])
  }

  @Test("A second piece adds to the count and does not change the first mismatch")
  func piecesAccumulate() {
    var mismatch = Pattern.Mismatch()
    for offset in [0, 4096] {
      let memory = PatternMemory(offset: offset, count: 4096)
      memory.fill(.counter)
      memory.flip(10)
      unsafe Pattern.counter.verify(UnsafeRawBufferPointer(memory.range), at: offset, into: &mismatch)
    }
    #expect(mismatch.count == 2 && mismatch.offset == 10)
  }

  @Test("Memory filled one word further does not verify as counter")
  func shiftedCounter() {
    let memory = PatternMemory(offset: 0, count: 64)
    unsafe Pattern.counter.fill(memory.range, at: 8)
    #expect(memory.verify(.counter).count == 8)
  }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufExercise

/// The contents that `Pattern` promises, computed word by word.
enum PatternModel {
  /// The first `count` bytes of a buffer.
  static func bytes(_ pattern: Pattern, count: Int) -> [UInt8] {
    let words: [UInt64]
    switch pattern {
    case .repeating(let unit):
      return Array(repeatElement(unit, count: count / unit.count + 1).joined().prefix(count))
    case .counter:
      words = Array(0...UInt64(count / 8))
    case .random(let seed):
      // Vigna's splitmix64.c: a state that is advanced, then mixed.
      var state = seed
      words = (0...count / 8).map { _ in
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
      }
    }
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }
}

/// Memory for one test: a range at `offset` of an imagined buffer, with guards around it.
@safe final class PatternMemory {
  private static let guardSize = 16
  private let memory: UnsafeMutableRawBufferPointer
  let offset: Int
  let count: Int

  init(offset: Int, count: Int) {
    self.offset = offset
    self.count = count
    unsafe memory = .allocate(byteCount: count + 8 + 2 * Self.guardSize, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0x5a)
  }

  /// Memory with the contents `bytes`.
  convenience init(offset: Int, bytes: ArraySlice<UInt8>) {
    self.init(offset: offset, count: bytes.count)
    unsafe range.copyBytes(from: bytes)
  }

  deinit { unsafe memory.deallocate() }

  private var start: Int { Self.guardSize + offset % 8 }
  var range: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + count])
  }
  var bytes: [UInt8] { unsafe Array(range) }
  var guardsAreWhole: Bool {
    let before = unsafe Array(memory[..<start])
    let after = unsafe Array(memory[(start + count)...])
    return Set(before + after) == [0x5a]
  }

  func fill(_ pattern: Pattern) { unsafe pattern.fill(range, at: offset) }

  func flip(_ index: Int) { unsafe range[index] ^= 0xff }

  func verify(_ pattern: Pattern) -> Pattern.Mismatch {
    var mismatch = Pattern.Mismatch()
    unsafe pattern.verify(UnsafeRawBufferPointer(range), at: offset, into: &mismatch)
    return mismatch
  }
}

@Suite("Patterns")
struct PatternTests {
  static let lengthsOfUnits = Array(1...17) + [4095, 4096, 4097]
  static let patterns: [Pattern] =
    lengthsOfUnits.map { length in .repeating((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }) }
    + [.repeating([0]), .counter, .random(seed: 0), .random(seed: 1_234_567), .random(seed: .max)]

  /// Ranges around the borders of words and blocks, and random ranges, which differ between patterns.
  static func ranges(for pattern: Pattern) -> [Range<Int>] {
    var random = Seeded(1 + UInt64(patterns.firstIndex(of: pattern) ?? 0))
    let borders = [0, 1, 7, 8, 9, 17, 4095, 4096, 4097]
    return (0..<14).map { index in
      let isAtBorder = index % 2 == 0
      let offset = isAtBorder ? borders.randomElement(using: &random)! : Int.random(in: 0...9000, using: &random)
      let count = isAtBorder ? borders.randomElement(using: &random)! : Int.random(in: 0...9000, using: &random)
      return offset..<offset + count
    }
  }

  @Test(
    "Filling a range writes the bytes of the whole buffer's pattern there, and nothing around the range",
    arguments: patterns)
  func fillAgreesWithTheModel(_ pattern: Pattern) {
    let model = PatternModel.bytes(pattern, count: 18_000)
    for range in Self.ranges(for: pattern) {
      let memory = PatternMemory(offset: range.lowerBound, count: range.count)
      memory.fill(pattern)
      guard memory.bytes[...] == model[range], memory.guardsAreWhole else {
        Issue.record("bytes \(range) are wrong")
        return
      }
    }
  }

  @Test("Verifying correct memory finds no difference, at any offset and length", arguments: patterns)
  func verifyAgreesWithTheModel(_ pattern: Pattern) {
    let model = PatternModel.bytes(pattern, count: 18_000)
    for range in Self.ranges(for: pattern) {
      let memory = PatternMemory(offset: range.lowerBound, bytes: model[range])
      guard memory.verify(pattern) == Pattern.Mismatch() else {
        Issue.record("bytes \(range) do not verify")
        return
      }
    }
  }

  @Test("Filling in pieces writes the same as filling at once", arguments: patterns)
  func piecesAgree(_ pattern: Pattern) {
    let whole = PatternMemory(offset: 0, count: 9000)
    whole.fill(pattern)
    var random = Seeded(42)
    var pieces: [UInt8] = []
    while pieces.count < 9000 {
      let count = Int.random(in: 1...min(2999, 9000 - pieces.count), using: &random)
      let piece = PatternMemory(offset: pieces.count, count: count)
      piece.fill(pattern)
      pieces += piece.bytes
    }
    #expect(pieces == whole.bytes)
  }

  @Test("A single byte of the pattern is the one that filling writes", arguments: patterns)
  func byteAgrees(_ pattern: Pattern) {
    #expect((0..<9000).map(pattern.byte) == Array(PatternModel.bytes(pattern, count: 9000).prefix(9000)))
  }

  @Test("random:1234567 starts with the published outputs of SplitMix64")
  func splitMixReference() {
    let published: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    let memory = PatternMemory(offset: 0, count: 40)
    memory.fill(.random(seed: 1_234_567))
    #expect(memory.bytes == published.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
  }

  @Test("counter is 0, 1, 2, … as little-endian 64-bit words")
  func counterWords() {
    let memory = PatternMemory(offset: 0, count: 24)
    memory.fill(.counter)
    #expect(memory.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test("counter's words at offset 2048 are 256 and 257: the carry goes into the second byte")
  func counterCarries() {
    let memory = PatternMemory(offset: 2048, count: 16)
    memory.fill(.counter)
    #expect(memory.bytes == [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
  }

  @Test("A repeating pattern depends on the offset: 01 02 03 from offset 4 starts with 02")
  func repeatingPhase() {
    let memory = PatternMemory(offset: 4, count: 5)
    memory.fill(.repeating([1, 2, 3]))
    #expect(memory.bytes == [2, 3, 1, 2, 3])
  }

  @Test("Offsets beyond 4 GiB have other words")
  func largeOffsets() {
    let memory = PatternMemory(offset: 1 << 36, count: 8)
    memory.fill(.counter)
    #expect(memory.bytes == [0, 0, 0, 0, 2, 0, 0, 0])
  }
}

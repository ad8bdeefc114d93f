// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABufTool

@Suite("Hex dumps", .enabled(if: Subprocess.isInstalled("/usr/bin/hexdump"), "hexdump is not installed"))
struct HexDumpTests {
  /// The output of dmabuf, in pieces of at most `piece` bytes.
  static func ours(_ bytes: [UInt8], from offset: Int = 0, piece: Int = 64) -> String {
    var dump = HexDump(startingAt: offset)
    unsafe bytes.withUnsafeBytes { all in
      for start in stride(from: 0, to: all.count, by: piece) {
        unsafe dump.add(UnsafeRawBufferPointer(rebasing: all[start..<min(start + piece, all.count)]))
      }
    }
    dump.finish()
    return String(decoding: dump.takeText(), as: UTF8.self)
  }

  /// The output of hexdump -C for `bytes` at `offset` of a file.
  static func theirs(_ bytes: [UInt8], from offset: Int = 0) throws -> String {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("dmabuf-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data().write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: bytes)
    try handle.close()
    return try Subprocess.run("/usr/bin/hexdump", ["-C", "-s", "\(offset)", file.path]).output
  }

  static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) } }

  @Test("A last line of any length is as hexdump -C prints it", arguments: 1...33)
  func lengths(_ count: Int) throws {
    #expect(try Self.ours(Self.bytes(count)) == Self.theirs(Self.bytes(count)))
  }

  @Test("All 256 bytes are as hexdump -C prints them")
  func everyByte() throws {
    let bytes = Array(UInt8.min...UInt8.max)
    #expect(try Self.ours(bytes) == Self.theirs(bytes))
  }

  @Test("Repeated lines are shortened as hexdump -C does", arguments: [16, 32, 48, 64, 65, 79, 80, 1024, 1031])
  func squeezing(_ zeros: Int) throws {
    for (before, after) in [(0, 0), (16, 0), (0, 16), (16, 16), (32, 5)] {
      let bytes = Self.bytes(before) + Array(repeating: 0, count: zeros) + Self.bytes(after)
      #expect(try Self.ours(bytes) == Self.theirs(bytes), "\(before), \(zeros) zeros, \(after)")
    }
  }

  @Test("Two runs of equal lines with a line between are each shortened")
  func twoRuns() throws {
    let run = [UInt8](repeating: 0xff, count: 64)
    let bytes = run + Self.bytes(16) + run + [UInt8](repeating: 0, count: 64) + run
    #expect(try Self.ours(bytes) == Self.theirs(bytes))
  }

  @Test("A dump may start at any offset, also within a line", arguments: [1, 5, 15, 16, 17, 4095, 4096, 0xffff_ff00])
  func offsets(_ offset: Int) throws {
    #expect(try Self.ours(Self.bytes(40), from: offset) == Self.theirs(Self.bytes(40), from: offset))
  }

  @Test("Offsets from 4 GiB on are as in hexdump -C", arguments: [0xffff_fff8, 0x1_0000_0000, 0x12_3456_7890])
  func largeOffsets(_ offset: Int) throws {
    #expect(try Self.ours(Self.bytes(40), from: offset) == Self.theirs(Self.bytes(40), from: offset))
  }

  @Test("A dump is the same for pieces of any size", arguments: [16, 32, 48, 4096])
  func pieces(_ piece: Int) {
    let bytes = Self.bytes(100) + [UInt8](repeating: 0, count: 200) + Self.bytes(7)
    #expect(Self.ours(bytes, piece: piece) == Self.ours(bytes, piece: 1 << 20))
  }
}

// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABuf
@testable import DMABufExercise

@Suite("Checksum")
struct ChecksumTests {
  static let xxhsum = "/usr/bin/xxhsum"
  static let isInstalled = FileManager.default.isExecutableFile(atPath: xxhsum)

  static func checksum(_ bytes: [UInt8], piece: Int = .max) -> UInt64 {
    var checksum = Checksum()
    unsafe bytes.withUnsafeBytes { all in
      for start in stride(from: 0, to: all.count, by: min(piece, max(1, all.count))) {
        let end = min(start + min(piece, all.count), all.count)
        unsafe checksum.update(UnsafeRawBufferPointer(rebasing: all[start..<end]))
      }
    }
    return checksum.value
  }

  @Test("The empty input has the published hash of XXH3")
  func emptyInput() {
    #expect(Checksum().value == 0x2d06_8005_38d3_94c2)
  }

  @Test(
    "The checksum equals the output of xxhsum -H3", .enabled(if: isInstalled, "xxhsum is not installed"),
    arguments: [1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 100_000])
  func agreesWithXxhsum(_ count: Int) throws {
    var random = Seeded(UInt64(count))
    let bytes = random.bytes(count)
    let tree = try TemporaryTree()
    try tree.file("bytes", bytes)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.xxhsum)
    process.arguments = ["-H3", tree.root + "/bytes"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // Older releases print `XXH3 (FILE) = HASH`. Newer ones also print `XXH3_HASH  FILE`.
    let hash = String(Self.checksum(bytes), radix: 16)
    let padded = String(repeating: "0", count: 16 - hash.count) + hash
    #expect(output.contains(padded), "xxhsum: \(output)")
  }

  @Test("Pieces of any size have the hash of the whole", arguments: [1, 7, 64, 4096, 65_537])
  func pieces(_ size: Int) {
    var random = Seeded(5)
    let bytes = random.bytes(70_000)
    #expect(Self.checksum(bytes, piece: size) == Self.checksum(bytes))
  }
}

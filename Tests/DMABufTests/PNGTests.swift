// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABufImage

private let python = "/usr/bin/python3"

/// PNG files, as another program reads them.
@Suite("PNG files", .enabled(if: FileManager.default.isExecutableFile(atPath: python), "python3 is missing"))
struct PNGTests {
  /// Width, height, depth, colour type, compression, filter, interlace; and the pixels.
  private func read(_ path: String) throws -> (header: [Int], pixels: [UInt8]) {
    // Chunks of a PNG file without filters: the header, and the compressed lines with a 0 before each.
    let program = """
      import struct, sys, zlib
      data = open(sys.argv[1], "rb").read()
      assert data[:8] == b"\\x89PNG\\r\\n\\x1a\\n"
      at, lines = 8, b""
      while at < len(data):
          size, kind = struct.unpack(">I4s", data[at:at + 8])
          body = data[at + 8:at + 8 + size]
          assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
          if kind == b"IHDR": header = struct.unpack(">IIBBBBB", body)
          if kind == b"IDAT": lines += body
          at += 12 + size
      lines = zlib.decompress(lines)
      channels = 4 if header[3] == 6 else 3
      stride = header[0] * channels + 1
      assert all(lines[y * stride] == 0 for y in range(header[1]))
      print(*header)
      print(b"".join(lines[y * stride + 1:(y + 1) * stride] for y in range(header[1])).hex())
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", program, path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(
      separator: "\n")
    process.waitUntilExit()
    try #require(process.terminationStatus == 0 && lines.count == 2)
    let digits = Array(lines[1].utf8)
    let pixels = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
    return (lines[0].split(separator: " ").compactMap { Int($0) }, pixels)
  }

  @Test("A picture has its size and pixels", arguments: [(false, 2), (true, 6)])
  func pixels(_ hasAlpha: Bool, _ colourType: Int) throws {
    let picture = PictureTests.picture(37, 5, hasAlpha: hasAlpha)
    let tree = try TemporaryTree()
    try tree.file("a.png", picture.png())
    let (header, pixels) = try read(tree.root + "/a.png")
    #expect(header == [37, 5, 8, colourType, 0, 0, 0])
    #expect(pixels == (hasAlpha ? picture.pixels : picture.colours))
  }

  @Test("The README's picture of a camera has the bars white, yellow, cyan, green, magenta, red, blue and black")
  func bars() throws {
    let (header, pixels) = try read(Checkout.sources.appendingPathComponent("../docs/bars.png").path)
    #expect(header == [640, 360, 8, 2, 0, 0, 0])
    // Bars of 75 %: each channel is 191 or 0, and a little off after YUV of 8 bits. Text covers the upper half.
    let colours = ["111", "110", "011", "010", "101", "100", "001", "000"]
    for (bar, colour) in colours.enumerated() {
      let wanted = colour.map { $0 == "1" ? 191 : 0 }
      let wrong = (180..<360).flatMap { y in
        (bar * 80 + 2..<bar * 80 + 78).filter { x in
          (0..<3).contains { abs(Int(pixels[(y * 640 + x) * 3 + $0]) - wanted[$0]) > 3 }
        }
      }
      #expect(wrong.isEmpty, "bar \(bar)")
    }
  }
}

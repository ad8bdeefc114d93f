// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufCensus

@Suite("Lines of maps")
struct MapsLineTests {
  static func parse(_ text: String) -> MapsLine? { MapsLine(parsing: text.utf8) }

  @Test("Range, device and inode are parsed")
  func ordinary() throws {
    let line = try #require(Self.parse("7f0fe40cd000-7f0fe40cf000 rw-s 00001000 00:08 12                        "))
    #expect(line.start == 0x7f0f_e40c_d000)
    #expect(line.end == 0x7f0f_e40c_f000)
    #expect(line.device == 0x08)
    #expect(line.inode == 12)
  }

  @Test("The numbers of the device are hexadecimal, the inode is decimal")
  func radixes() throws {
    let line = try #require(Self.parse("1000-2000 rw-s 00000000 1a:10f 100"))
    #expect(line.device == 0x1a << 32 | 0x10f)
    #expect(line.inode == 100)
  }

  @Test("The offset may be anything: a physical address, or a number of the device")
  func offset() {
    #expect(
      Self.parse("1000-2000 rw-p 10000c000 00:08 3") == Self.parse("1000-2000 rw-p 00000000 00:08 3"))
  }

  @Test("The highest addresses and inodes fit")
  func extremes() {
    let line = Self.parse("ffffffffff600000-ffffffffffffffff --xp 00000000 ff:fffff 18446744073709551615")
    #expect(line?.end == .max && line?.inode == .max)
  }

  @Test(
    "Any other line is refused",
    arguments: [
      "", " ", "7f00-7f10", "7f00-7f10 rw-s 0", "7f00-7f10 rw-s 00000000 00:08", "7f00-7f10 rw-s 00000000 00:08 ",
      "7f10-7f00 rw-s 0 00:08 3", "7f00-7f00 rw-s 0 00:08 3", "7f00 rw-s 0 00:08 3", "7f00-7f10-7f20 rw-s 0 00:08 3",
      "7f00-7f10 rw-s 0 0008 3", "7f00-7f10 rw-s 0 00:08:01 3", "7f00-7f10 rw-s 0 00:08 x",
      "7f00-7f10 rw-s 0 00:08 18446744073709551616", "10000000000000000-20000000000000000 rw-s 0 00:08 3",
      "zz-7f10 rw-s 0 00:08 3", "7f00-7f10 rw-s 0 100000000:08 3", "VmFlags: rd wr sh mr mw me ms",
    ])
  func refused(_ text: String) {
    #expect(Self.parse(text) == nil)
  }

  @Test("A line with a path after the columns is refused, because ` /dmabuf:` is then in the middle of a path")
  func path() {
    #expect(Self.parse("7f00-7f10 rw-s 00000000 00:08 12                 /tmp/directory") == nil)
  }

  @Test("The columns before the path are parsed in each line of a real maps file", arguments: Recording.all)
  func recorded(_ recording: Recording) {
    for pid in recording.processes {
      for line in recording.data("proc/\(pid)/maps").split(separator: UInt8(ascii: "\n")) {
        let columns = line.split(separator: UInt8(ascii: " "), maxSplits: 5).prefix(5).joined(separator: [0x20])
        #expect(MapsLine(parsing: Array(columns)) != nil, "\(String(decoding: line, as: UTF8.self))")
      }
    }
  }
}

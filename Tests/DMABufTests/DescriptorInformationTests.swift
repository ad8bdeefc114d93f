// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf

@Suite("fdinfo of a dma-buf")
struct DescriptorInformationTests {
  static func parse(_ text: String) -> DescriptorInformation? { DescriptorInformation(parsing: text.utf8) }

  /// Kernel 6.12: a buffer of a heap, with a name.
  static let ordinary =
    "pos:\t0\nflags:\t02000002\nmnt_id:\t9\nino:\t7\nsize:\t8388608\ncount:\t2\nexp_name:\tsystem\nname:\tcamera\n"

  static func ordinary(named name: String) -> String { ordinary.replacing("camera", with: name) }

  @Test("All lines are parsed")
  func ordinary() throws {
    let information = try #require(Self.parse(Self.ordinary))
    #expect(information.inode == 7)
    #expect(information.size == 8_388_608)
    #expect(information.count == 2)
    #expect(information.exporter.string == "system")
    #expect(information.name?.string == "camera")
  }

  @Test("The flags are octal: 02000002 is O_CLOEXEC and O_RDWR")
  func flags() {
    #expect(Self.parse(Self.ordinary)?.flags == UInt32(0o2000002))
  }

  @Test("A buffer that was never named has no name")
  func unnamed() {
    let information = Self.parse(Self.ordinary.replacing("\nname:\tcamera\n", with: "\n"))
    #expect(information != nil && information?.name == nil)
  }

  @Test("A buffer that was named with an empty text has the empty name")
  func emptyName() {
    #expect(Self.parse(Self.ordinary(named: ""))?.name == UntrustedText([]))
  }

  @Test(
    "The text after the first name: is the name, even if it looks like lines of the kernel",
    arguments: [
      "x\ncount:\t9\nino:\t1", "x\nname:\ty", "\n", "\n\n", "x\n", "x\nexp_name:\tudmabuf", "x\nsize:\tgarbage",
      "no colon\nhere",
    ])
  func forgedLines(_ name: String) throws {
    let information = try #require(Self.parse(Self.ordinary(named: name)))
    #expect(information.name == UntrustedText(name.utf8))
    #expect(information.count == 2 && information.inode == 7 && information.size == 8_388_608)
    #expect(information.exporter.string == "system")
  }

  @Test("A name may be bytes that are not UTF-8")
  func nameOfBytes() {
    let text = Array(Self.ordinary(named: "").utf8.dropLast()) + [0xff, 0xfe, 0x0a]
    #expect(DescriptorInformation(parsing: text)?.name == UntrustedText([0xff, 0xfe]))
  }

  @Test("Without a line for the inode, the inode is unknown")
  func noInode() {
    let information = Self.parse(Self.ordinary.replacing("ino:\t7\n", with: ""))
    #expect(information != nil && information?.inode == nil)
  }

  @Test("Lines of locks on the open file change nothing")
  func locks() {
    let lock = "lock:\t1: FLOCK  ADVISORY  WRITE 640 00:0c:7 0 EOF\n"
    let information = Self.parse(Self.ordinary.replacing("size:", with: lock + lock + "size:"))
    #expect(information == Self.parse(Self.ordinary))
  }

  @Test("Unknown lines change nothing")
  func unknownLines() {
    #expect(Self.parse(Self.ordinary.replacing("size:", with: "new:\twhatever\nsize:")) == Self.parse(Self.ordinary))
  }

  @Test(
    "Text without a required line is not that of a dma-buf",
    arguments: ["size:\t8388608\n", "count:\t2\n", "exp_name:\tsystem\n"])
  func missingLine(_ line: String) {
    #expect(Self.parse(Self.ordinary.replacing(line, with: "")) == nil)
  }

  @Test("Text that is cut before the exporter is not that of a dma-buf", arguments: 0..<70)
  func truncated(_ count: Int) throws {
    let end = try #require(Self.ordinary.firstRange(of: "exp_name"))
    let length = Self.ordinary.utf8.distance(from: Self.ordinary.startIndex, to: end.lowerBound)
    #expect(Self.parse(String(Self.ordinary.prefix(min(count, length)))) == nil)
  }

  @Test(
    "Invalid numbers, and numbers of more than 64 bits, are refused",
    arguments: ["", "-1", "0x10", "8388608 kB", "18446744073709551616", "99999999999999999999999999"])
  func oddNumbers(_ number: String) {
    #expect(Self.parse(Self.ordinary.replacing("8388608", with: number)) == nil)
  }

  @Test("The largest possible size is read")
  func largestSize() {
    #expect(Self.parse(Self.ordinary.replacing("8388608", with: "18446744073709551615"))?.size == .max)
  }

  @Test(
    "fdinfo of other files is not that of a dma-buf",
    arguments: [
      "", "\n", "garbage", "pos:\t0\nflags:\t0100002\nmnt_id:\t30\nino:\t5\n",
      "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t9\neventfd-count:                0\neventfd-id: 1\n",
      "pos:\t0\nflags:\t02\nmnt_id:\t8\nino:\t1\nscm_fds: 0\n", "name:\tsize:\t1\ncount:\t1\nexp_name:\tx\n",
    ])
  func otherFiles(_ text: String) {
    #expect(Self.parse(text) == nil)
  }

  @Test("Random bytes are refused without a trap")
  func randomBytes() {
    var random = Seeded(11)
    for _ in 0..<500 { #expect(DescriptorInformation(parsing: random.bytes(200)) == nil) }
  }

  @Test("Real fdinfo is equal to the kernel's list of all buffers", arguments: Recording.all)
  func recorded(_ recording: Recording) throws {
    for (pid, number, text) in recording.descriptors {
      let information = try #require(DescriptorInformation(parsing: text), "\(pid):\(number)")
      let row = try #require(recording.rows.first { $0.inode == information.inode })
      #expect(information.size == row.size)
      #expect(information.count == row.count)
      #expect(information.exporter.bytes == row.exporter)
      #expect(information.name?.bytes == row.name)
    }
  }

  @Test("The flags show a read-only descriptor", arguments: Recording.each("read-only"))
  func readOnly(_ recording: Recording) throws {
    let descriptor = try #require(recording.descriptors.first)
    let information = try #require(DescriptorInformation(parsing: descriptor.information))
    #expect(information.flags & 3 == 0)
  }
}

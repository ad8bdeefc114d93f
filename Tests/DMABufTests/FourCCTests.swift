// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufCensus
@testable import DMABufHost

@Suite("Four-character codes")
struct FourCCTests {
  @Test("The first character is the lowest byte")
  func order() {
    #expect(FourCC("XR24")?.rawValue == 0x3432_5258)
    #expect(FourCC("R8")?.rawValue == 0x2020_3852)
  }

  @Test("A code is printed as its text", arguments: ["XR24", "R8", "YUYV", "NM12"])
  func print(_ text: String) {
    #expect(FourCC(text).map { "\($0)" } == text)
  }

  @Test("Big-endian formats are marked")
  func bigEndian() {
    #expect("\(FourCC(rawValue: 0x8000_0000 | 0x3432_5258))" == "XR24-BE")
  }

  @Test("Bytes that must not reach a terminal are escaped")
  func untrusted() {
    #expect("\(FourCC(rawValue: 0x3432_1b58))" == "X\\x1b24")
  }

  @Test("Any other text is refused as a code", arguments: ["", "XR245", "Ü", "A\n"])
  func junk(_ text: String) {
    #expect(FourCC(text) == nil)
  }
}

@Suite("Users of a device node")
struct NodeUsersTests {
  @Test("Users of a node are the processes with a descriptor of exactly that node")
  func users() throws {
    let tree = try TemporaryTree()
    try tree.process(7, link: "/dev/video1", fdinfo: nil)
    try tree.process(12, link: "/dev/video10", fdinfo: nil)
    try tree.process(5, link: "/dev/video1", fdinfo: nil)
    try tree.file("proc/5/comm", "cam\u{1b}\n")
    let users = NodeUsers(of: "/dev/video1", root: tree.root)
    #expect(users.users.map(\.pid) == [5, 7] && users.refused.isEmpty)
    #expect(users.users.map { $0.command?.escaped } == ["cam\\x1b", "test"])
    #expect(NodeUsers(of: "/dev/video2", root: tree.root).users.isEmpty)
  }
}

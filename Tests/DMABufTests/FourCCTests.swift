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

  @Test("They are printed as they are typed", arguments: ["XR24", "R8", "YUYV", "NM12"])
  func print(_ text: String) {
    #expect(FourCC(text).map { "\($0)" } == text)
  }

  @Test("Big-endian formats say so")
  func bigEndian() {
    #expect("\(FourCC(rawValue: 0x8000_0000 | 0x3432_5258))" == "XR24-BE")
  }

  @Test("Bytes that a terminal must not get are escaped")
  func untrusted() {
    #expect("\(FourCC(rawValue: 0x3432_1b58))" == "X\\x1b24")
  }

  @Test("Anything else is no code", arguments: ["", "XR245", "Ü", "A\n"])
  func junk(_ text: String) {
    #expect(FourCC(text) == nil)
  }
}

@Suite("Users of a device node")
struct NodeUsersTests {
  @Test("Nobody has a node open that is not there")
  func nobody() {
    #expect(NodeUsers(of: "/dev/video-of-nobody").users.isEmpty)
  }
}

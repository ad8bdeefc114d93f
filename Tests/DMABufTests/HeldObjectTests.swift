import Testing

@testable import DMABuf

@Suite("What a holder says of what it keeps")
struct HeldObjectTests {
  private let name = HeldName("cam")!

  private func decoded(_ description: String) -> HeldObject? {
    HeldObject(name: name, pid: 42, decoding: Array(description.utf8))
  }

  @Test("A description is read as it was written")
  func roundTrip() throws {
    let description = HeldObject.description(
      kind: .attachment, inode: 7, size: 4096, attached: "vgem handle 1", exporter: UntrustedText("system".utf8))
    let object = try #require(decoded(description))
    #expect(object.kind == .attachment)
    #expect(object.inode == 7)
    #expect(object.size == 4096)
    #expect(object.attached == "vgem handle 1")
    #expect(object.exporter == UntrustedText("system".utf8))
    #expect(object.pid == 42)
    #expect(object.began > 0)
  }

  @Test("Commas in the exporter's name are part of it", arguments: ["linux,cma", "a,exp_name=b", ",", "size=1"])
  func commas(_ exporter: String) throws {
    let description = HeldObject.description(
      kind: .buffer, inode: 1, size: 2, attached: "", exporter: UntrustedText(exporter.utf8))
    #expect(try #require(decoded(description)).exporter == UntrustedText(exporter.utf8))
  }

  @Test("What is attached cannot add keys of its own")
  func attached() throws {
    let description = HeldObject.description(
      kind: .buffer, inode: 1, size: 2, attached: "x,ino=99,exp_name=y", exporter: UntrustedText("z".utf8))
    let object = try #require(decoded(description))
    #expect(object.inode == 1)
    #expect(object.exporter == UntrustedText("z".utf8))
  }

  @Test(
    "What is no description is refused",
    arguments: ["", ",", "kind=buffer", "kind=x,began=1,exp_name=", "began=1,exp_name="])
  func nonsense(_ text: String) {
    #expect(decoded(text) == nil)
  }
}

@Suite("Names of what is held")
struct HeldNameTests {
  @Test(
    "A letter or digit, then 30 more characters",
    arguments: ["a", "7", "cam.0", "A_b-c.d", String(repeating: "x", count: 31)])
  func valid(_ text: String) {
    #expect(HeldName(text)?.description == text)
  }

  @Test(
    "Anything else is no name",
    arguments: ["", ".", "..", ".a", "-a", "_a", "a b", "a/b", "a:b", "ü", "a\n", String(repeating: "x", count: 32)])
  func invalid(_ text: String) {
    #expect(HeldName(text) == nil)
  }
}

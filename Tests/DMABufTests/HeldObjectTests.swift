// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufHolding

@Suite("Descriptions of held objects")
struct HeldObjectTests {
  private let name = HeldName("cam")!

  private func decoded(_ description: String) -> HeldObject? { decoded(Array(description.utf8)) }

  private func decoded(_ description: [UInt8]) -> HeldObject? {
    HeldObject(name: name, pid: 42, decoding: description)
  }

  @Test("A description is parsed as it was written")
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

  @Test("The text of an attachment cannot add keys")
  func attached() throws {
    let description = HeldObject.description(
      kind: .buffer, inode: 1, size: 2, attached: "x,ino=99,exp_name=y", exporter: UntrustedText("z".utf8))
    let object = try #require(decoded(description))
    #expect(object.inode == 1)
    #expect(object.exporter == UntrustedText("z".utf8))
  }

  @Test(
    "Text that is not a description is refused",
    arguments: ["", ",", "kind=buffer", "kind=x,began=1,exp_name=", "began=1,exp_name="])
  func nonsense(_ text: String) {
    #expect(decoded(text) == nil)
  }
}

@Suite("The protocol of holders")
struct HolderProtocolTests {
  private let name = HeldName("cam")!

  private func request(_ bytes: [UInt8]) -> HolderRequest? { HolderRequest(bytes) }

  @Test("A request is a version and a verb, or a verb alone")
  func requests() {
    for verb in "dfar".utf8 {
      #expect(request([verb])?.version == 0 && request([verb])?.verb.rawValue == verb)
      #expect(request([1, verb])?.version == 1 && request([1, verb])?.verb.rawValue == verb)
    }
    // Of requests of a later version, only those with the same meaning in all versions are accepted.
    #expect(request([2, UInt8(ascii: "f")])?.verb == .describe)
    #expect(request([31, UInt8(ascii: "r")])?.verb == .release)
  }

  @Test(
    "Any other bytes are refused as a request",
    arguments: [[], [0], [1], [0, 0x72], [32, 0x72], [0x72, 0x72], [1, 0x72, 0]] as [[UInt8]])
  func noRequest(_ bytes: [UInt8]) {
    #expect(request(bytes) == nil)
  }

  @Test("A long text is cut by bytes, for any characters")
  func bounded() throws {
    let long = "a" + String(repeating: "\u{301}", count: 5000)
    let exporter = UntrustedText([UInt8](repeating: 0xff, count: 5000))
    let description = HeldObject.description(
      kind: .attachment, inode: .max, size: .max, attached: long, exporter: exporter, trigger: .timeline(.max))
    #expect(description.count < 1024)
    let object = try #require(HeldObject(name: name, pid: 1, decoding: description))
    #expect(object.exporter?.bytes.count == 256 && object.attached?.utf8.count ?? 999 <= 258)
  }

  @Test("A combining mark after a separator is part of a text, not of the separator")
  func marks() throws {
    let description = HeldObject.description(
      kind: .attachment, inode: 7, size: 1, attached: "\u{301}x,\u{301}ino=9", exporter: UntrustedText("\u{301}".utf8)
    )
    let object = try #require(HeldObject(name: name, pid: 1, decoding: description))
    #expect(object.inode == 7 && object.exporter == UntrustedText("\u{301}".utf8))
  }

  @Test("The version is that of the description, or 0 without one")
  func versions() {
    let own = HeldObject.description(kind: .buffer, inode: 1, size: 1, attached: "", exporter: nil)
    #expect(HeldObject.version(own) == HolderError.ownVersion)
    #expect(HeldObject.version(Array("kind=buffer,began=1,exp_name=x".utf8)) == 0)
    #expect(HeldObject.version(Array("version=7,kind=dream,exp_name=".utf8)) == 7)
    #expect(HeldObject.version(Array("nonsense".utf8)) == nil)
  }
}

@Suite("Held names")
struct HeldNameTests {
  @Test(
    "A name is a letter or digit, then up to 30 more characters",
    arguments: ["a", "7", "cam.0", "A_b-c.d", String(repeating: "x", count: 31)])
  func valid(_ text: String) {
    #expect(HeldName(text)?.description == text)
  }

  @Test(
    "Any other text is refused as a name",
    arguments: ["", ".", "..", ".a", "-a", "_a", "a b", "a/b", "a:b", "ü", "a\n", String(repeating: "x", count: 32)])
  func invalid(_ text: String) {
    #expect(HeldName(text) == nil)
  }
}

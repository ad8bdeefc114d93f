// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import Testing

@testable import DMABufHolding
@testable import DMABufTool

@Suite("Held objects")
struct KeptTests {
  struct Element: ~Copyable, Keepable {
    static var kind: HeldObject.Kind { .buffer }
    let descriptor: OwnedDescriptor
    var descriptorNumber: CInt { descriptor.rawValue }

    init() throws { descriptor = try OwnedDescriptor(duplicating: 0) }
  }

  @Test("Each element is held by itself, with the companions that were open before it")
  func each() throws {
    let kept = Kept<Element>()
    kept.append(try Element())
    kept.keepOpen(try OwnedDescriptor(duplicating: 0))
    kept.append(try Element(), attached: "timeline", trigger: .timeline(3))
    #expect(kept.descriptors.map(\.number) == kept.numbers && Set(kept.numbers).count == 2)
    #expect(
      kept.descriptors.map(\.companions.count) == [0, 1] && kept.descriptors.map(\.attached) == ["", "timeline"])
    #expect(kept.descriptors.map(\.trigger) == [nil, .timeline(3)])
  }

  @Test("Joined elements are held under one name, with all open companions")
  func joined() throws {
    let kept = Kept<Element>()
    for _ in 0..<3 { kept.append(try Element()) }
    kept.keepOpen(try OwnedDescriptor(duplicating: 0))
    kept.join(as: .attachment, attached: "/dev/dri/card0")
    let only = try #require(kept.descriptors.first)
    #expect(kept.descriptors.count == 1 && only.kind == .attachment && only.number == kept.numbers[0])
    #expect(only.companions.count == 3 && only.companions.suffix(2) == kept.numbers[1...])
  }

  @Test("Buffers and devices of import are distinguished once, in any order")
  func importWords() throws {
    _ = try Import.parse(["drm:vgem", "camera", "/dev/video0"])
    #expect(throws: (any Error).self) { try Import.parse(["camera"]) }
    #expect(throws: (any Error).self) { try Import.parse(["fd:x:y", "drm:vgem"]) }
  }
}

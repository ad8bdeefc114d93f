// SPDX-License-Identifier: MIT
import CDMABuf
import Foundation
import Testing

@testable import DMABuf
@testable import DMABufConformance
@testable import DMABufHost

@Suite("Conformance checks")
struct ConformanceTests {
  @Test("Each id stands for one promise on each kind of target")
  func ids() {
    let keys = ConformanceCheck.all.map { "\($0.id) \($0.scope)" }
    #expect(Set(keys).count == keys.count)
  }

  @Test("Ids have no gaps, and the README has their number")
  func count() throws {
    let ids = Set(ConformanceCheck.all.map(\.id))
    #expect(ids == Set((1...ids.count).map { "C\($0)" }))
    let readme = try String(contentsOf: Checkout.sources.appendingPathComponent("../README.md"), encoding: .utf8)
    #expect(readme.contains(" \(ids.count) checks"))
  }

  @Test("Checks that taint the kernel or stall others are invasive")
  func invasive() {
    for check in ConformanceCheck.all where check.needs.contains(.swSync) || check.needs.contains(.bufinfo) {
      #expect(check.isInvasive, "\(check.id)")
    }
  }

  @Test(
    "A version is parsed from a release",
    arguments: [("6.12.57+deb13-amd64", 6, 12), ("7.2-rc1", 7, 2), ("5.10", 5, 10), ("", 0, 0)])
  func versions(release: String, major: Int, minor: Int) {
    #expect(KernelVersion(release: release) == KernelVersion(major, minor))
  }

  @Test("Between two tested versions, the result of either version is accepted")
  func accepted() {
    let expectation = Expectation.versions("EINVAL", "EINVAL", "ok")
    #expect(expectation.accepted(on: KernelVersion(5, 10)) == ["EINVAL"])
    #expect(expectation.accepted(on: KernelVersion(6, 6)) == ["EINVAL"])
    #expect(expectation.accepted(on: KernelVersion(6, 12)) == ["EINVAL"])
    #expect(expectation.accepted(on: KernelVersion(6, 18)) == ["EINVAL", "ok"])
    #expect(expectation.accepted(on: KernelVersion(7, 3)) == ["ok"])
    let changed = Expectation.changed(in: KernelVersion(7, 3), from: "EINVAL", to: "ok")
    #expect(changed.accepted(on: KernelVersion(7, 2)) == ["EINVAL"])
    #expect(changed.accepted(on: KernelVersion(7, 4)) == ["ok"])
  }

  @Test("A kernel newer than any known may differ only in checks where kernels differ")
  func newer() {
    let known = Expectation.newestSeen
    let newer = KernelVersion(known.major, known.minor + 1)
    let changed = DMABufConformance.Expectation.versions("EINVAL", "EINVAL", "ok")
    #expect(changed.verdict(on: "ok", kernel: newer) == .pass)
    #expect(changed.verdict(on: "EPERM", kernel: newer) == .newDifference)
    #expect(changed.verdict(on: "EPERM", kernel: known) == .fail)
    #expect(changed.verdict(on: "EINVAL", kernel: KernelVersion(6, 12)) == .knownDifference)
    let fixed: DMABufConformance.Expectation = "EINVAL"
    #expect(fixed.verdict(on: "ok", kernel: newer) == .fail)
    #expect(fixed.verdict(on: "EINVAL", kernel: newer) == .pass)
  }

  @Test("Request numbers are those of the headers")
  func requests() {
    #expect(RawRequest.both("H", 0, 24).number == CDMABUF_DMA_HEAP_IOCTL_ALLOC)
    #expect(Raw.setName.number == CDMABUF_DMA_BUF_SET_NAME)
  }

  @Test("The fields of an argument have their offsets")
  func arguments() {
    var argument = Argument(24, 1, 2)
    argument[u64: 8] = 0x1122_3344_5566_7788
    argument[descriptor: 16] = -1
    #expect(argument.bytes[0...7] == [1, 0, 0, 0, 2, 0, 0, 0])
    #expect(argument[u64: 8] == 0x1122_3344_5566_7788)
    #expect(argument[u32: 8] == 0x5566_7788)
    #expect(argument[descriptor: 16] == -1)
  }
}

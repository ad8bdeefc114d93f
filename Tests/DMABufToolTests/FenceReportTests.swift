// SPDX-License-Identifier: MIT
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufHolding
@testable import DMABufTool

@Suite("Reports of fences")
struct FenceReportTests {
  static func fence(_ driver: String?, _ status: Fence.Status, sequence: UInt64? = nil) -> Fence {
    Fence(
      driver: driver.map { UntrustedText($0.utf8) }, timeline: driver.map { _ in UntrustedText("gfx".utf8) },
      sequence: sequence, status: status, timestamp: status == .active ? nil : 12_345_678_901)
  }

  static func report(_ fences: [Fence], heldAs: String? = nil) throws -> SyncFileReport {
    let information = SyncFile.Information(name: UntrustedText("a\n".utf8), status: .active, fences: fences)
    return SyncFileReport(
      schema: "dmabuf.fence-info/1",
      [.init(information, reference: heldAs == nil ? "fd:3" : nil, heldAs: heldAs.flatMap(HeldName.init))])
  }

  @Test("The document has all documented keys, and unknown values are null")
  func keys() throws {
    #expect(
      try Self.report([Self.fence(nil, .signalled)]).json() == """
        {"files":[{"errno":null,"fences":[{"age_ns":null,"driver":null,"errno":null,"ref":"fd:3","seqno":null,\
        "status":"signalled","timeline":null,"timestamp_ns":12345678901}],"held_as":null,"name":"a\\n","points":null,\
        "ref":"fd:3",\
        "status":"active"}],"schema":"dmabuf.fence-info/1"}
        """)
  }

  @Test("Errors have their symbols")
  func errors() throws {
    let report = try Self.report([Self.fence("amdgpu", .error(.timedOut), sequence: 4)], heldAs: "frame")
    #expect(try report.json().contains(#""errno":"ETIMEDOUT","ref":"frame","seqno":4,"status":"error""#))
    let lines = report.text(style: Style(isColored: false, width: nil)).split(separator: "\n")
    #expect(lines.last == #"frame  amdgpu  gfx           4  failed ETIMEDOUT     12.345678  a\n"#)
  }

  @Test("Each fence has a row, and so has a buffer without fences")
  func rows() throws {
    let style = Style(isColored: false, width: nil)
    let two = try Self.report([Self.fence("one", .active), Self.fence("two", .active)])
    #expect(two.text(style: style).split(separator: "\n").count == 3)
    #expect(try Self.report([]).text(style: style).contains("idle"))
  }

  @Test("A syncobj without a fence is unsubmitted, and its timeline has a column")
  func syncObjects() throws {
    let report = SyncFileReport(
      schema: "dmabuf.fence-info/1",
      [.init(nil, points: SyncObject.Points(signalled: 3, submitted: 7), reference: "fd:3")])
    #expect(
      report.text(style: Style(isColored: false, width: nil)) == """
        REF   POINTS  DRIVER  TIMELINE  SEQNO  STATUS       SIGNALLED AT  NAME
        fd:3     3/7  -       -             -  unsubmitted             -  -
        """)
    #expect(
      try report.json().contains(#""points":{"signalled":3,"submitted":7},"ref":"fd:3","status":"unsubmitted""#))
  }

  @Test("A line names three fences at most")
  func summary() {
    let fences = (1...5).map { Self.fence("gpu", .active, sequence: $0) }
    #expect(Array(fences.prefix(1)).summary == "gpu gfx 1")
    #expect(fences.summary == "gpu gfx 1, gpu gfx 2, gpu gfx 3 and 2 more")
    #expect([Self.fence(nil, .active)].summary == "an unknown driver")
  }

  @Test(
    "A time is printed in seconds with microseconds",
    arguments: [(0, "0.000000"), (1_000_001_999, "1.000001"), (59_999_999_999, "59.999999")])
  func moment(_ nanoseconds: UInt64, _ text: String) { #expect(Units.moment(nanoseconds) == text) }
}

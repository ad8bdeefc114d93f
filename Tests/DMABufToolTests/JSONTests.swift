// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import DMABufHost
import Foundation
import Testing

@testable import DMABufTool

@Suite("JSON")
struct JSONTests {
  static func object(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  static func object(_ value: some Encodable) throws -> [String: Any] {
    try object(String(decoding: JSONEncoder().encode(value), as: UTF8.self))
  }

  struct Sample: Report, Encodable {
    @Nullable var number: Int?
    @Nullable var text: String?
    func text(style: Style) -> String { "" }
  }

  @Test("An unknown value is null, and its key exists")
  func null() throws {
    #expect(try Sample(number: nil, text: nil).json() == #"{"number":null,"text":null}"#)
  }

  @Test("A known value is written as it is")
  func known() throws {
    #expect(try Sample(number: 3, text: "/dev/x").json() == #"{"number":3,"text":"/dev/x"}"#)
  }

  @Test("A document is valid for any bytes of a name", arguments: UInt8.min...UInt8.max)
  func anyBytes(_ byte: UInt8) throws {
    let name = UntrustedText([0x61, byte, 0x22, byte])
    let text = try #require(try Self.object(["name": name])["name"] as? String)
    #expect(text == String(decoding: [0x61, byte, 0x22, byte], as: UTF8.self))
  }

  @Test("Control characters of a name are escaped in the document")
  func escapedControls() throws {
    let document = try JSONEncoder().encode(["name": UntrustedText((0..<0x20).map { UInt8($0) })])
    #expect(document.allSatisfy { $0 >= 0x20 })
  }

  @Test("A document written row by row equals that of the library's encoder", arguments: UInt8.min...UInt8.max)
  func written(_ byte: UInt8) throws {
    struct Sample: Encodable {
      let count = UInt64.max
      let kinds = ["one", "two"]
      let name: UntrustedText
      let none: [Int] = []
      @Nullable var owner: UInt32?
    }
    let name = UntrustedText([0x61, byte, 0x22, byte, 0x2f])
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("count", UInt64.max)
      writer.member("kinds", ["one", "two"]) { $0.value($1) }
      writer.member("name", name)
      writer.member("none", [Int]()) { $0.value($1) }
      writer.member("owner", UInt32?.none)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let encoded = try encoder.encode(Sample(name: name, owner: nil))
    #expect(try writer.finish() == Escaping.json(String(decoding: encoded, as: UTF8.self)))
  }

  @Test("The keys of a census are sorted", arguments: StatReportTests.kernels, StatView.Grouping.allCases)
  func sortedCensus(_ kernel: String, _ grouping: StatView.Grouping) throws {
    let document = try StatReportTests.report(kernel, "named", by: grouping).json()
    let value = try JSONSerialization.jsonObject(with: Data(document.utf8))
    let sorted = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
    #expect(String(decoding: sorted, as: UTF8.self) == document)
  }

  // MARK: Keys of documents

  @Test("An allocated buffer has all its keys, also for unknown values")
  func alloc() throws {
    let summary = BufferSummary(ino: 7, size: 4096, exporter: UntrustedText("system".utf8), name: nil, heldAs: nil)
    let buffer = AllocationReport.Buffer(summary: summary, source: "heap:system", allocationTime: 1, image: nil)
    let object = try Self.object(buffer)
    let promised: Set = ["ino", "size", "exp_name", "name", "source", "allocation_ns", "held_as", "image"]
    #expect(promised.isSubset(of: object.keys))
    #expect(object["name"] is NSNull && object["held_as"] is NSNull)
  }

  @Test("A map without mismatches has all its keys")
  func map() throws {
    let report = MapReport(subject: "fd:3", ino: 7, offset: 0, length: 4096, operation: "verify")
    let object = try Self.object(report.json())
    let promised: Set = [
      "schema", "ino", "offset", "length", "operation", "ok", "mismatches", "first_mismatch", "checksum",
      "bytes_per_second",
    ]
    #expect(promised.isSubset(of: object.keys))
    #expect(object["schema"] as? String == "dmabuf.map/1" && object["first_mismatch"] is NSNull)
  }

  @Test("A map with mismatches is not ok and has the offset")
  func mismatch() throws {
    var mismatch = Pattern.Mismatch()
    mismatch.count = 2
    mismatch.offset = 4097
    mismatch.expected = [0, 1]
    mismatch.found = [0xff, 1]
    var report = MapReport(subject: "fd:3", ino: 7, offset: 0, length: 8192, operation: "verify")
    report.setMismatch(mismatch)
    let object = try Self.object(report.json())
    #expect(object["ok"] as? Bool == false && object["mismatches"] as? Int == 2)
    #expect((object["first_mismatch"] as? [String: Any])?["offset"] as? Int == 4097)
  }

  @Test("A checksum has sixteen digits, with leading zeros")
  func checksum() throws {
    var report = MapReport(subject: "fd:3", ino: 7, offset: 0, length: 1, operation: "checksum")
    report.setChecksum(0xabc)
    #expect(try Self.object(report.json())["checksum"] as? String == "xxh3:0000000000000abc")
  }
}

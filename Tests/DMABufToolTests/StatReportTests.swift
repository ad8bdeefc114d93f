// SPDX-License-Identifier: MIT
import DMABufCensus
import DMABufHost
import Foundation
import Testing

@testable import DMABufTool

/// `stat` for moments of real kernels, which were recorded for the library's tests.
@Suite("stat over recorded moments")
struct StatReportTests {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../DMABufTests/Fixtures").standardizedFileURL.path
  static let kernels = ((try? FileManager.default.contentsOfDirectory(atPath: fixtures)) ?? []).filter {
    !["bufinfo", "display", "pixels", "tracefs"].contains($0) && !$0.hasPrefix(".")
  }.sorted()

  static func report(_ kernel: String, _ moment: String, by grouping: StatView.Grouping = .buffer) -> StatReport {
    let view = StatView(grouping)
    return StatReport(Census(root: "\(fixtures)/\(kernel)/\(moment)"), StatSelection(), view)
  }

  static func text(_ report: StatReport) -> [Substring] {
    report.text(style: Style(isColored: false, width: nil)).split(separator: "\n")
  }

  static func document(_ report: StatReport) throws -> [String: Any] { try JSONTests.object(report.json()) }

  static func buffers(_ report: StatReport) throws -> [[String: Any]] {
    try #require(try document(report)["buffers"] as? [[String: Any]])
  }

  @Test("There are recordings")
  func recordings() {
    #expect(Self.kernels.count >= 3)
  }

  @Test("The document has all documented keys", arguments: kernels)
  func keys(_ kernel: String) throws {
    let document = try Self.document(Self.report(kernel, "mapped-all-closed"))
    #expect(
      Set(document.keys) == [
        "schema", "boot_id", "time_ns", "sources", "unreadable_processes", "buffers", "processes", "totals",
        "holders_known", "lists_all_buffers", "unverified_mappings",
      ])
    #expect(document["schema"] as? String == "dmabuf.stat/1")
  }

  @Test("A buffer has all documented keys, and unknown values are null", arguments: kernels)
  func bufferKeys(_ kernel: String) throws {
    let buffer = try #require(try Self.buffers(Self.report(kernel, "mapped-all-closed")).first)
    let promised: Set = [
      "ino", "size", "exp_name", "name", "count", "descriptors", "mappings", "processes", "devices", "fences",
      "sources", "owner", "age_ns", "held_by", "holders_known", "named", "other_references", "references",
      "ambiguous",
    ]
    #expect(Set(buffer.keys) == promised)
    #expect(buffer["name"] is NSNull && buffer["count"] is NSNull && buffer["devices"] is NSNull)
  }

  @Test("A process has its id, name, descriptors and mappings", arguments: kernels)
  func processKeys(_ kernel: String) throws {
    let buffer = try #require(try Self.buffers(Self.report(kernel, "mapped-all-closed")).first)
    let process = try #require((buffer["processes"] as? [[String: Any]])?.first)
    #expect(process["comm"] as? String == "actor" && process["mappings"] as? Int == 2)
    #expect((process["fds"] as? [Int]) == [] && process["pid"] is Int)
  }

  @Test("Each source is listed, with the reason if it was not used", arguments: kernels)
  func sources(_ kernel: String) throws {
    let sources = try #require(try Self.document(Self.report(kernel, "named"))["sources"] as? [[String: Any]])
    #expect(sources.map { $0["name"] as? String } == Census.Source.allCases.map(\.rawValue))
    #expect(sources.allSatisfy { ($0["used"] as? Bool == true) == ($0["reason"] is NSNull) })
  }

  @Test("The totals are those of the buffers", arguments: kernels)
  func totals(_ kernel: String) throws {
    // 16384 bytes of camera, and three buffers of 4096 bytes.
    let totals = try #require(try Self.document(Self.report(kernel, "named"))["totals"] as? [String: Any])
    #expect(totals["buffers"] as? Int == 4 && totals["bytes"] as? Int == 28672)
  }

  @Test("The largest buffer is first", arguments: kernels)
  func order(_ kernel: String) throws {
    #expect(try Self.buffers(Self.report(kernel, "named")).first?["name"] as? String == "camera")
  }

  @Test("The empty name and no name are distinguished", arguments: kernels)
  func emptyName(_ kernel: String) {
    #expect(Self.text(Self.report(kernel, "named")).filter { $0.contains(" \"\" ") }.count == 1)
    #expect(Self.text(Self.report(kernel, "unnamed")).dropFirst().dropLast().allSatisfy { $0.contains(" - ") })
  }

  @Test("Each hostile name is one printable row", arguments: kernels)
  func hostileRows(_ kernel: String) {
    let lines = Self.text(Self.report(kernel, "hostile-names"))
    #expect(lines.count == 1 + 7 + 1)
    #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { 0x20...0x7e ~= $0.value } })
  }

  @Test("Hostile names are valid in the document", arguments: kernels)
  func hostileDocument(_ kernel: String) throws {
    let names = try Self.buffers(Self.report(kernel, "hostile-names")).compactMap { $0["name"] as? String }
    #expect(Set(names).isSuperset(of: ["two\nlines", "x\ncount:\t9\nino:\t1", "\u{fffd}\u{fffd}\u{fffd}("]))
  }

  @Test("A machine without buffers is reported in one line", arguments: kernels)
  func nothing(_ kernel: String) {
    let report = Self.report(kernel, "no-buffers")
    #expect(Self.text(report) == [report.listsAllBuffers ? "0 buffers, 0B" : "at least 0 buffers, 0B"])
  }

  @Test("The view by process has a row for each holder", arguments: kernels)
  func byProcess(_ kernel: String) throws {
    let processes = try Self.document(Self.report(kernel, "named", by: .process))["processes"] as? [[String: Any]]
    #expect(processes?.map { $0["buffers"] as? Int } == [2, 1, 1])
    #expect(processes?.first?["bytes"] as? Int == 20480)
  }

  @Test("In the view by exporter, the sum of all rows is the total", arguments: kernels)
  func byExporter(_ kernel: String) throws {
    let document = try Self.document(Self.report(kernel, "unnamed", by: .exporter))
    let exporters = try #require(document["exporters"] as? [[String: Any]])
    let total = try #require((document["totals"] as? [String: Any])?["bytes"] as? Int)
    #expect(exporters.compactMap { $0["bytes"] as? Int }.reduce(0, +) == total)
  }
}

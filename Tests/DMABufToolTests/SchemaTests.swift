// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import Foundation
import SystemPackage
import Testing

@testable import DMABufConformance
@testable import DMABufHost
@testable import DMABufExercise
@testable import DMABufTool

/// Validates documents against the schemas. The lab validates documents that need devices.
@Suite(
  "JSON Schemas",
  .enabled(
    if: FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/jsonschema"),
    "needs Debian's python3-jsonschema"))
struct SchemaTests {
  static let checkout = DocumentationTests.checkout.path

  /// The violations that `scripts/schemas` reports: empty for valid documents.
  static func violations(_ documents: [String]) throws -> String {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("dmabuf-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(documents.map { $0 + "\n" }.joined().utf8).write(to: file)
    return try run([file.path])
  }

  private static func run(_ files: [String]) throws -> String {
    let outcome = try Subprocess.run("/usr/bin/python3", [checkout + "/scripts/schemas"] + files)
    #expect(outcome.errors == "" && (outcome.status == 0) == outcome.output.isEmpty)
    return outcome.output
  }

  @Test("Schemas are valid, strict, and describe each member")
  func schemas() throws {
    #expect(try Self.run([]) == "")
  }

  @Test("Each document of the sources has a schema, and each schema a document")
  func complete() throws {
    let folder = Self.checkout + "/Sources"
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
    let text = try files.map { try String(contentsOfFile: folder + "/" + $0, encoding: .utf8) }.joined()
    let named = text.matches(of: try Regex(#""dmabuf\.([a-z-]+)/([0-9]+)""#)).map {
      "\($0.output[1].substring!)-\($0.output[2].substring!).json"
    }
    let kept = try FileManager.default.contentsOfDirectory(atPath: Self.checkout + "/docs/schema")
    #expect(Set(named) == Set(kept.filter { $0.hasSuffix(".json") }))
  }

  @Test("A census of a recorded machine matches its schema in each grouping")
  func census() throws {
    let reports = StatReportTests.kernels.flatMap { kernel in
      ["named", "shared", "hostile-names", "mapped-all-closed"].flatMap { moment in
        StatView.Grouping.allCases.map { StatReportTests.report(kernel, moment, by: $0) }
      }
    }
    let documents = try (StatFormTests.reports + reports).map { try $0.json() }
    #expect(try documents.count > 100 && Self.violations(documents) == "")
  }

  @Test("A difference matches its schema, with and without a verdict")
  func difference() throws {
    let documents = try StatReportTests.kernels.flatMap { kernel in
      let before = StatSnapshot(StatReportTests.report(kernel, "no-buffers"))
      let after = StatSnapshot(StatReportTests.report(kernel, "hostile-names"))
      var leak = StatDifference(from: before, to: after, limit: try GrowthLimit("1B"))
      leak.verdict?.unseen = ["processes that are hidden"]
      leak.verdict?.references = [
        .init(device: "vgem", kind: "attachment", buffers: 1, bytes: 4096, nodes: ["/dev/dri/card0"], processes: [])
      ]
      leak.verdict?.fences = [
        .init(pid: 1, comm: nil, driver: "vgem", timeline: "unbound", files: 2, isKnown: true)
      ]
      let differences = [leak, .init(from: before, to: after), .init(from: after, to: before, limit: GrowthLimit())]
      return try differences.map { try $0.json() }
    }
    #expect(try Self.violations(documents) == "")
  }

  @Test("Documents of this machine match their schemas")
  func machine() throws {
    let commands = [
      ["stat"], ["doctor"], ["devices"], ["held"], ["alloc", "--list"], ["check"], ["check", "--list"],
    ]
    let documents = try commands.map { try Subprocess.run(Subprocess.dmabuf, $0 + ["--json"]).output }
    #expect(try Self.violations(documents.map { $0.trimmingCharacters(in: .newlines) }) == "")
  }

  @Test("Reports of mappings and fences match their schemas")
  func objects() throws {
    var map = MapReport(subject: "fd:3", ino: .max, offset: 0, length: 8192, operation: "verify")
    var mismatch = Pattern.Mismatch()
    (mismatch.count, mismatch.offset, mismatch.expected, mismatch.found) = (2, 4097, [0, 1], [0xff, 1])
    map.setMismatch(mismatch)
    map.setChecksum(0xabc)
    map.setRates(bytes: 1, reading: 1, writing: nil)
    let fences = [
      FenceReportTests.fence(nil, .signalled), FenceReportTests.fence("a", .error(.timedOut), sequence: .max),
    ]
    let reports: [any Report] = [
      map, MapReport(subject: "fd:3", ino: 7, offset: 0, length: 1, operation: "fill"),
      SyncReport(ino: 7, operation: .pulse, direction: "read-write", waited: 1),
      try FenceReportTests.report(fences, heldAs: "frame"), try FenceReportTests.report([]),
      SyncFileReport(schema: "dmabuf.fence-create/1", [.init(nil, reference: "fd:3")]),
      FenceImportReport(ino: 7, fence: "fd:3", direction: "read", syncobj: nil, point: nil),
      FenceImportReport(ino: nil, fence: "fd:3", direction: nil, syncobj: "fd:4", point: 7),
      FenceSignalReport(fences: [.init(name: "a", by: 1, point: nil, status: "error", errno: "ENOENT")]),
      FenceDeadlineReport(fence: "fd:3", deadline: 1),
    ]
    #expect(try Self.violations(reports.map { try $0.json() }) == "")
  }

  @Test("Benchmarks and checks match their schemas")
  func verdicts() throws {
    let skip = BenchReport.Skip(
      operation: "wake", source: "udmabuf", device: nil, driver: nil, size: 4096, reason: "no vgem")
    var bench = BenchReportTests.report([BenchReportTests.result("read", driver: "vgem")], skipped: [skip])
    bench.comparison = try BenchReportTests.compare(
      [BenchReportTests.result("sync")], [BenchReportTests.result("read")])
    let verdicts: [ConformanceResult.Verdict] = [.pass, .fail, .skip, .knownDifference, .newDifference]
    let check = CheckReport(
      verdicts.map { CheckTests.result($0) }, sentences: ["C1": "a sentence"], kernel: KernelVersion(release: "9.9"))
    let documents = try [bench.json(), BenchReportTests.report([]).json(), check.json()]
    #expect(try Self.violations(documents) == "")
  }

  @Test(
    "A violation of a schema is reported with its place",
    arguments: [
      (#"{"schema":"dmabuf.sync/1","ino":7,"direction":"read","operation":"end"}"#, "$: 'waited_ns' is a required"),
      (#"{"schema":"dmabuf.held/1","held":[],"more":1}"#, "$: Additional properties"),
      (#"{"schema":"dmabuf.fence-deadline/1","deadline_ns":-1,"fence":"x"}"#, "$.deadline_ns: -1 is less"),
      (#"{"schema":"dmabuf.fence-deadline/1","deadline_ns":"1","fence":"x"}"#, "$.deadline_ns: '1' is not of type"),
      (#"{"schema":"dmabuf.none/1"}"#, "there is no schema for dmabuf.none/1"), ("[]", "no member schema"),
      ("{", "1:"),
    ])
  func violation(_ document: String, _ message: String) throws {
    #expect(try Self.violations([document]).contains(message))
  }
}

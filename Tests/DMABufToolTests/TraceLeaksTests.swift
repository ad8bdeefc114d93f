// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage
import Testing

@testable import DMABufTool
@testable import DMABufTrace

@Suite("Leaks of a trace")
struct TraceLeaksTests {
  static let module = StackTrace.Module(
    id: 0, path: UntrustedText("/usr/lib/li\u{1b}b.so".utf8), buildID: [0xab, 0x01])

  static func frame(_ address: UInt64, in module: StackTrace.Module? = module) -> StackTrace.Frame {
    StackTrace.Frame(module: module, address: address, isReturnAddress: address > 0x1000)
  }

  static func export(
    _ inode: UInt64, size: UInt64 = 4096, pid: Int32 = 7, name: String? = nil, _ stack: StackTrace
  ) -> LiveExports.Export {
    let buffer = TraceEvent.Buffer(
      inode: inode, size: size, exporter: UntrustedText("system".utf8), name: name.map { UntrustedText($0.utf8) })
    let process = TraceEvent.Process(pid: pid, tid: pid + 1, command: UntrustedText("camera".utf8))
    return LiveExports.Export(buffer: buffer, process: process, time: 5, stack: stack)
  }

  static func report(
    _ exports: [LiveExports.Export], symbols: [StackTrace.Frame: StackTrace.Symbol] = [:], isVerified: Bool = true
  ) -> TraceLeaks {
    TraceLeaks(exports, symbols: symbols, duration: 2_000_000_000, lost: 0, isVerified: isVerified)
  }

  static func text(_ report: TraceLeaks) -> [String] {
    report.text(style: Style(isColored: false, width: nil)).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  @Test("Buffers of the same process, exporter and calls are one leak, and the largest sum is first")
  func groups() {
    let one = StackTrace(frames: [Self.frame(0x10)], end: .complete)
    let two = StackTrace(frames: [Self.frame(0x20)], end: .complete)
    let report = Self.report([
      Self.export(1, one), Self.export(2, two), Self.export(3, one), Self.export(4, size: 65536, pid: 9, one),
    ])
    #expect(report.leaks.map(\.process.pid) == [9, 7, 7])
    #expect(report.leaks.map { $0.buffers.map(\.ino) } == [[4], [1, 3], [2]])
    #expect(report.leaks.map(\.bytes) == [65536, 8192, 4096])
  }

  @Test("Text names functions, places and the reason for the end, and escapes names of other processes")
  func text() {
    let frames = [Self.frame(0x10), Self.frame(0x2050), Self.frame(0x7f00, in: nil)]
    let symbols = [frames[0]: StackTrace.Symbol(name: UntrustedText("a\tb".utf8), offset: 3)]
    let lines = Self.text(Self.report([Self.export(5, StackTrace(frames: frames, end: .noModule))], symbols: symbols))
    #expect(
      lines == [
        "1 buffer, 4K, exporter system, camera(7):",
        #"    a\tb+0x3  li\x1bb.so+0x10"#,
        #"    ?         li\x1bb.so+0x2050"#,
        "    ?         0x7f00",
        "    no more frames: the address is in no file",
        "    ino 5",
        "",
        "1 buffer, 4K, exported in these 2.0 s, is alive",
      ])
    #expect(Self.text(Self.report([])) == ["no buffer that was exported in these 2.0 s is alive"])
  }

  @Test("Long names, many buffers and functions that call themselves stay within 80 columns")
  func width() {
    let frames = [Self.frame(0x10)] + Array(repeating: Self.frame(0x2050), count: 20)
    let name = UntrustedText(Array(repeating: UInt8(ascii: "x"), count: 500))
    let symbols = [frames[0]: StackTrace.Symbol(name: name, offset: 0x123)]
    let stack = StackTrace(frames: frames, end: .tooMany)
    let lines = Self.text(Self.report((1000..<1200).map { Self.export($0, stack) }, symbols: symbols))
    #expect(lines.allSatisfy { $0.unicodeScalars.count <= 80 })
    #expect(lines[1].hasPrefix("    xxxxx") && lines[1].contains("…+0x123  li"))
    #expect(lines[3] == "    ... 19 more times")
    #expect(lines[5].hasPrefix("    ino 1000, 1001, ") && lines[5].hasSuffix(" more"))
    let shown = lines[5].split(separator: ",").count
    #expect(lines[5].hasSuffix(" and \(200 - shown) more"))
  }

  @Test("Leaks match their schema")
  func schema() throws {
    let ends: [StackTrace.End] = [
      .complete, .notRecorded, .processEnded, .unreadable(UntrustedText("/x".utf8), .permissionDenied),
      .otherNamespace, .noModule, .notELF, .noFrameInformation, .malformed, .beyondRecord, .tooMany, .unsupported,
    ]
    let frame = Self.frame(.max)
    let symbols = [frame: StackTrace.Symbol(name: UntrustedText("f".utf8), offset: 1)]
    let exports = ends.enumerated().map { index, end in
      Self.export(UInt64(index), name: "n", StackTrace(frames: [frame, Self.frame(1, in: nil)], end: end))
    }
    let documents = [Self.report(exports, symbols: symbols), Self.report([], isVerified: false)]
    #expect(try SchemaTests.violations(documents.map { try $0.json() }) == "")
    let words = exports.compactMap { TraceLeaks.words(for: $0.stack) }
    #expect(words.count == ends.count - 1 && Set(words).count == words.count)
  }

  @Test("A release, and a census without the buffer, end a leak")
  func releases() {
    func event(_ step: TraceEvent.Step, _ inode: UInt64, name: String? = nil, errno: Errno? = nil) -> TraceEvent {
      var event = TraceEvent(step: step, time: 1, process: .init(pid: 1, tid: 1, command: UntrustedText([])))
      event.buffer = Self.export(inode, name: name, StackTrace(frames: [], end: .complete)).buffer
      event.errno = errno
      return event
    }
    var exports = LiveExports()
    exports.add(event(.export, 1), wanted: true)
    exports.add(event(.export, 2), wanted: true)
    exports.add(event(.export, 3), wanted: false)
    exports.add(event(.export, 4, errno: .noMemory), wanted: true)
    exports.add(event(.export, 5), wanted: true)
    exports.add(event(.setName, 2, name: "late"), wanted: false)
    exports.add(event(.release, 1), wanted: false)
    #expect(exports.all.map(\.buffer.inode) == [2, 5])
    #expect(exports.all[0].buffer.name?.string == "late" && exports.all[0].stack.end == .notRecorded)
    exports.keep([2, 9])
    #expect(exports.all.map(\.buffer.inode) == [2])
  }
}

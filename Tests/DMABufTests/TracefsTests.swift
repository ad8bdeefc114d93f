// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABuf
@testable import DMABufHost
@testable import DMABufTrace

/// The ring buffers of a real kernel, in binary and as text of the same kernel.
struct RingRecording: CustomTestStringConvertible, Sendable {
  let kernel: String
  var testDescription: String { kernel }

  static let all = Recording.names(in: "tracefs").map { RingRecording(kernel: $0) }

  private var directory: String { Checkout.fixtures.path + "/tracefs/\(kernel)" }
  func bytes(_ path: String) -> [UInt8] {
    FileManager.default.contents(atPath: "\(directory)/\(path)").map(Array.init) ?? []
  }
  var processors: [Int] {
    Recording.names(in: "tracefs/\(kernel)").compactMap { $0.hasPrefix("cpu") ? Int($0.dropFirst(3)) : nil }
  }
  func layout(_ event: String) -> RecordLayout { RecordLayout(parsing: bytes("events/\(event)")) }

  struct Line: Equatable {
    let event: String
    let thread: Int
    let microseconds: UInt64
  }

  /// The records of a processor, as the kernel prints them.
  func lines(of processor: Int) throws -> [Line] {
    let pattern = #/-(\d+) +\[(\d+)\] +\S+ +(\d+)\.(\d{6}): (\w+): /#
    return try String(decoding: bytes("trace"), as: UTF8.self).split(separator: "\n").compactMap { line in
      let match = try #require(try pattern.firstMatch(in: line), "\(line)")
      guard Int(match.2) == processor else { return nil }
      return Line(
        event: match.5 == "tracing_mark_write" ? "print" : String(match.5), thread: Int(match.1) ?? -1,
        microseconds: (UInt64(match.3) ?? 0) * 1_000_000 + (UInt64(match.4) ?? 0))
    }
  }

  /// The records of a processor.
  func records(of processor: Int) throws -> [(time: UInt64, bytes: RecordBytes)] {
    let format = try #require(RingPage(parsing: bytes("header_page")))
    let all = bytes("cpu\(processor)")
    var records: [(time: UInt64, bytes: RecordBytes)] = []
    for start in stride(from: 0, to: all.count, by: format.size) {
      let page = Array(all[start..<min(start + format.size, all.count)])
      format.forEachRecord(of: page) { records.append(($0, RecordBytes(page: page, range: $1))) }
    }
    return records
  }
}

@Suite("Events of tracefs")
struct TracefsTests {
  static let events = [
    "task_newtask", "task_rename", "dma_fence_init", "dma_fence_signaled", "dma_fence_destroy", "print",
  ]

  @Test("There are recordings of several kernels")
  func recordings() { #expect(RingRecording.all.count >= 3) }

  @Test("The records of a page are those that the kernel prints", arguments: RingRecording.all)
  func pages(_ recording: RingRecording) throws {
    let names = Dictionary(
      uniqueKeysWithValues: Self.events.map { (UInt64(recording.layout($0).identifier), $0) })
    let layout = recording.layout("task_rename")
    var count = 0
    for processor in recording.processors {
      let found = try recording.records(of: processor).map { time, bytes in
        RingRecording.Line(
          event: names[bytes.number(layout.fields["common_type"]) ?? 0] ?? "?",
          thread: Int(bytes.number(layout.fields["common_pid"]) ?? 0), microseconds: (time + 500) / 1000)
      }
      #expect(try found == recording.lines(of: processor))
      count += found.count
    }
    #expect(count > 8)
  }

  @Test("Fields have the values that the kernel prints", arguments: RingRecording.all)
  func fields(_ recording: RingRecording) throws {
    let rename = recording.layout("task_rename")
    let fence = recording.layout("dma_fence_init")
    let print = recording.layout("print")
    var names: Set<[UInt8]> = []
    var drivers: [[UInt8]] = []
    var longest = 0
    for processor in recording.processors {
      for (_, bytes) in try recording.records(of: processor) {
        switch bytes.number(rename.fields["common_type"]) {
        case UInt64(rename.identifier): names.insert(Array(bytes.text(rename.fields["newcomm"])))
        case UInt64(fence.identifier):
          drivers.append(Array(bytes.text(fence.fields["driver"]) + [0] + bytes.text(fence.fields["timeline"])))
        case UInt64(print.identifier): longest = max(longest, bytes.range.count)
        default: break
        }
      }
    }
    #expect(names.isSuperset(of: [Array("actor".utf8), Array("true".utf8)]))
    #expect(drivers == Array(repeating: Array("vgem\0unbound".utf8), count: 2))
    #expect(longest > 300)
  }

  @Test("A page that is cut off has fewer records, and none beyond its end", arguments: RingRecording.all)
  func truncated(_ recording: RingRecording) throws {
    let format = try #require(RingPage(parsing: recording.bytes("header_page")))
    for processor in recording.processors {
      let page = Array(recording.bytes("cpu\(processor)").prefix(format.size))
      for length in stride(from: 0, to: page.count, by: 37) {
        format.forEachRecord(of: Array(page[..<length])) { #expect($1.upperBound <= length) }
      }
    }
  }

  @Test("A field outside of the record has no value")
  func outside() {
    let bytes = RecordBytes(page: [1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff], range: 0..<8)
    #expect(bytes.number(.init(offset: 6, size: 4, isSigned: false, isLocation: false)) == nil)
    #expect(bytes.number(.init(offset: 0, size: 9, isSigned: false, isLocation: false)) == nil)
    #expect(bytes.text(.init(offset: 4, size: 4, isSigned: false, isLocation: true)).isEmpty)
    #expect(bytes.number(.init(offset: 4, size: 4, isSigned: true, isLocation: false)) == .max)
  }

  @Test("A format without a field, an offset or a number is no field")
  func formats() {
    let text = """
      name: x
      ID: 70000
      format:
      \tfield:int a;\toffset:8;\tsize:4;\tsigned:1;
      \tfield:int b;\toffset:-8;\tsize:4;\tsigned:1;
      \tfield:int c;\toffset:8;
      \tfield:char d[16];\toffset:65535;\tsize:16;\tsigned:0;
      \tfield:__data_loc char[] e;\toffset:12;\tsize:4;\tsigned:0;
      """
    let layout = RecordLayout(parsing: text.utf8)
    #expect(layout.identifier == 0)
    #expect(layout.fields.keys.sorted() == ["a", "e"])
    #expect(layout.fields["e"]?.isLocation == true)
  }

  @Test("Lost events are those that were overwritten and those that were dropped")
  func lost() {
    let text = "entries: 5\noverrun: 3\ncommit overrun: 9\nbytes: 1\ndropped events: 4\nread events: 2\n"
    #expect(TracefsRing.lost(Array(text.utf8)) == 7)
    #expect(TracefsRing.lost(Array("overrun: many\n".utf8)) == 0)
    for recording in RingRecording.all { #expect(TracefsRing.lost(recording.bytes("cpu0.stats")) == 0) }
  }

  @Test(
    "Tracepoints of buffers are used only on kernels that have all corrections",
    arguments: [
      ("6.12.117", false), ("7.0.0", false), ("7.0.30", false), ("7.1.0-rc7-amd64", false), ("7.1.0", true),
      ("7.1.2+deb14-amd64", true), ("7.3.4+deb13-amd64", true), ("7.2.0-rc1", true), ("10.0", true), ("", false),
    ])
  func versions(release: String, areSafe: Bool) {
    #expect(TracefsEvents.areTracepointsSafe(release: release) == areSafe)
  }

  @Test("A process is recognised by its name in tracefs, and another process of the same id is not")
  func identity() throws {
    let text = OwnerProcess.current.text(separator: "-")
    let own = try #require(OwnerProcess(text, separator: "-"))
    #expect(own == .current && !own.hasEnded)
    let words = text.split(separator: "-")
    let earlier = try #require(OwnerProcess("\(words[0])-\(words[1])-1", separator: "-"))
    #expect(earlier.hasEnded)
    let elsewhere = try #require(OwnerProcess("1-\(words[1])-1", separator: "-"))
    #expect(!elsewhere.hasEnded)
    for other in ["", "1-2", "1-2-3-4", "a-1-1", "1--1"] { #expect(OwnerProcess(other, separator: "-") == nil) }
  }
}

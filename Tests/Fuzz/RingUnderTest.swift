// SPDX-License-Identifier: MIT
import CTrace

@testable import DMABufTrace

/// A page of a ring buffer whose records are of every event that a trace knows. The number of the event in a record
/// selects one of them.
final class RingUnderTest: @unchecked Sendable {
  static let shared = RingUnderTest()

  private let page: RingPage
  private let kinds: [EventKind]

  private init() {
    let header = """
      \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
      \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
      \tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;
      """
    guard let page = RingPage(parsing: header.utf8) else { fatalError("the header is valid") }
    self.page = page
    // Fields overlap, so that short records have many.
    let format = RecordField.allCases.enumerated().map { index, field in
      switch field {
      case .commonPid: "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;"
      case .exporter, .name, .device, .driver, .timeline:
        "\tfield:__data_loc char[] \(field.name);\toffset:\(8 + index % 4 * 4);\tsize:4;\tsigned:0;"
      case .comm, .newName: "\tfield:char \(field.name)[16];\toffset:12;\tsize:16;\tsigned:0;"
      default:
        "\tfield:u64 \(field.name);\toffset:\(8 + index % 5);\tsize:\([1, 2, 4, 8][index % 4]);\tsigned:\(index % 2);"
      }
    }
    let layout = RecordLayout(parsing: format.joined(separator: "\n").utf8)
    let meanings: [EventKind.Meaning] =
      TracedFunction.all.flatMap { [.call($0), .result(of: $0)] } + TracefsEvents.fences.map { .fence($0.kind) } + [
        .call(DynamicEvent.signal), .buffer(CDMABUF_EVENT_GET), .newTask, .rename, .exit,
      ]
    kinds = meanings.map { EventKind($0, layout) }
  }

  func decode(_ bytes: [UInt8]) {
    var decoder = RecordDecoder(threads: ThreadTable(root: "/nowhere"), reportsForks: true, epollQueue: 1)
    var history = TraceHistory()
    page.forEachRecord(of: bytes) { time, range in
      precondition(range.upperBound <= bytes.count && range.lowerBound < range.upperBound)
      let record = RecordBytes(page: bytes, range: range)
      let number = Int(record.number(.init(offset: 0, size: 2, isSigned: false, isLocation: false)) ?? 0)
      let event = EventRecord(kind: kinds[number % kinds.count], bytes: record, time: time, processor: 0)
      decoder.decode(event) { event in _ = history.complete(RawEvent(event)) }
    }
  }
}

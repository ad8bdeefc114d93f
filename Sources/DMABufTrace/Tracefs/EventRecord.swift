// SPDX-License-Identifier: MIT
internal import CTrace
import DMABuf

/// The members of records that are read: of the kernel's tracepoints, and of the events that ``DynamicEvent`` defines.
enum RecordField: Int, CaseIterable {
  case commonPid, ino, size, resv, exporter, name, device, initName, fd, result, detail, flags, start, end, table,
    queue
  case context, seqno, deadline, ops, peer, segments, error, driver, timeline, pid, comm, newName, cloneFlags

  /// The name in `format` files.
  var name: String {
    switch self {
    case .commonPid: "common_pid"
    case .exporter: "exp_name"
    case .device: "dev_name"
    case .initName: "init_name"
    case .result: "ret"
    case .segments: "nents"
    case .newName: "newcomm"
    case .cloneFlags: "clone_flags"
    default: "\(self)"
    }
  }
}

/// An event of tracefs: what it stands for, and the layout of its records.
struct EventKind {
  enum Meaning {
    case call(TracedFunction)
    case result(of: TracedFunction)
    /// A tracepoint of fences.
    case fence(cdmabuf_event_kind)
    /// A tracepoint of buffers.
    case buffer(cdmabuf_event_kind)
    case newTask
    case rename
    case exit
  }

  let meaning: Meaning
  private let places: [RecordLayout.Field?]

  init(_ meaning: Meaning, _ layout: RecordLayout) {
    self.meaning = meaning
    places = RecordField.allCases.map { layout.fields[$0.name] }
  }

  subscript(_ field: RecordField) -> RecordLayout.Field? { places[field.rawValue] }
}

/// A record of the ring buffer, and the event that it is of.
struct EventRecord {
  let kind: EventKind
  let bytes: RecordBytes
  let time: UInt64
  /// The processor that wrote the record.
  let processor: Int

  func number(_ field: RecordField) -> UInt64? { bytes.number(kind[field]) }
  func text(_ field: RecordField) -> ArraySlice<UInt8> { bytes.text(kind[field]) }
  /// The thread that ran.
  var thread: Int32 { Int32(truncatingIfNeeded: number(.commonPid) ?? 0) }
}

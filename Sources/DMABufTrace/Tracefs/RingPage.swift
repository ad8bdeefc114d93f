// SPDX-License-Identifier: MIT
import DMABuf

/// The format of a page that `trace_pipe_raw` returns: a header, and records with the time since the record before.
///
/// Corresponds to `struct buffer_data_page` and `struct ring_buffer_event` in `kernel/trace/ring_buffer.c`.
struct RingPage {
  /// The bytes of a whole page.
  let size: Int
  private let time: RecordLayout.Field
  private let commit: RecordLayout.Field
  private let start: Int

  /// Parses `events/header_page`; `nil` if the file is in an unknown format.
  init?(parsing header: some Sequence<UInt8>) {
    let layout = RecordLayout(parsing: header)
    guard let time = layout.fields["timestamp"], time.size == 8, let commit = layout.fields["commit"],
      let data = layout.fields["data"]
    else { return nil }
    (self.time, self.commit, start, size) = (time, commit, data.offset, data.offset + data.size)
  }

  /// The kinds of `type_len`. From 1 to 28 the kind is the length of the data in units of 4 bytes; 0 means that the
  /// length stands in the next word.
  private enum Kind {
    static let padding: UInt32 = 29
    static let timeExtend: UInt32 = 30
    static let timeStamp: UInt32 = 31
  }

  /// Calls `body` with the time and the range of each record of the page. Bytes that are not of a record end the page.
  func forEachRecord(of page: [UInt8], _ body: (UInt64, Range<Int>) -> Void) {
    let header = RecordBytes(page: page, range: 0..<page.count)
    guard var now = header.number(time), let committed = header.number(commit) else { return }
    // The upper bits are flags of lost events.
    let end = min(start + Int(committed & 0x7ff_ffff), page.count)
    var position = start
    while position + 4 <= end {
      let word = Self.word(page, position)
      let (kind, delta) = (word & 31, UInt64(word >> 5))
      position += 4
      if kind == Kind.padding, delta == 0 { return }
      if kind == 0 || kind >= Kind.padding {
        guard position + 4 <= end else { return }
        let next = Self.word(page, position)
        switch kind {
        case Kind.timeExtend:
          now &+= UInt64(next) << 27 &+ delta
          position += 4
        case Kind.timeStamp:
          // 59 bits. The page's time has the upper ones.
          now = now & 0xf8 << 56 | UInt64(next) << 27 &+ delta
          position += 4
        case Kind.padding:
          now &+= delta
          position += Int(next)
        default:
          // The length includes this word.
          now &+= delta
          let length = Int(next)
          guard length > 4, position + length <= end else { return }
          body(now, position + 4..<position + length)
          position += (length + 3) & ~3
        }
      } else {
        now &+= delta
        let length = Int(kind) * 4
        guard position + length <= end else { return }
        body(now, position..<position + length)
        position += length
      }
    }
  }

  private static func word(_ page: [UInt8], _ offset: Int) -> UInt32 {
    UInt32(page[offset]) | UInt32(page[offset + 1]) << 8 | UInt32(page[offset + 2]) << 16
      | UInt32(page[offset + 3]) << 24
  }
}

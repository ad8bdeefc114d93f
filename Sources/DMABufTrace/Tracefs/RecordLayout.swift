// SPDX-License-Identifier: MIT
import DMABuf

/// The layout of an event's record, from its `format` file in tracefs.
///
/// Corresponds to `f_show()` in `kernel/trace/trace_events.c`.
struct RecordLayout: Equatable {
  /// A member of the record.
  struct Field: Equatable {
    var offset: Int
    var size: Int
    var isSigned: Bool
    /// Whether the member is the location of a text: its offset in the lower 16 bits, its length in the upper ones.
    var isLocation: Bool
  }

  /// The number of the event in records; 0 if the file has none.
  private(set) var identifier: UInt16 = 0
  private(set) var fields: [String: Field] = [:]

  /// No record is longer.
  private static let longest = 1 << 16

  /// Parses the text of a `format` file, or of `header_page`. Lines that are not of fields are ignored.
  init(parsing bytes: some Sequence<UInt8>) {
    for line in Array(bytes).split(separator: UInt8(ascii: "\n")) {
      let text = line.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
      if text.starts(with: "ID:".utf8) {
        identifier = Self.number(text.dropFirst(3)).flatMap(UInt16.init(exactly:)) ?? 0
      } else if text.starts(with: "field:".utf8), let (name, field) = Self.field(text.dropFirst(6)) {
        fields[name] = field
      }
    }
  }

  /// `char comm[16];  offset:12;  size:16;  signed:0;`
  private static func field(_ text: ArraySlice<UInt8>) -> (name: String, Field)? {
    let parts = text.split(separator: UInt8(ascii: ";"))
    guard parts.count >= 4, let offset = value("offset:", parts[1]), let size = value("size:", parts[2]),
      let signed = value("signed:", parts[3]), size > 0, offset + size <= longest, let name = name(parts[0])
    else { return nil }
    let isLocation = parts[0].drop { $0 == UInt8(ascii: " ") }.starts(with: "__data_loc ".utf8)
    return (name, Field(offset: offset, size: size, isSigned: signed != 0, isLocation: isLocation && size == 4))
  }

  /// The name at the end of a declaration, before the length of an array.
  private static func name(_ declaration: ArraySlice<UInt8>) -> String? {
    var rest = declaration
    if rest.last == UInt8(ascii: "]") { rest = rest.prefix { $0 != UInt8(ascii: "[") } }
    let name = rest.reversed().prefix { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return name.isEmpty ? nil : String(decoding: name.reversed(), as: UTF8.self)
  }

  private static func value(_ key: StaticString, _ text: ArraySlice<UInt8>) -> Int? {
    let word = text.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
    let key = "\(key)"
    guard word.starts(with: key.utf8) else { return nil }
    return number(word.dropFirst(key.utf8.count))
  }

  private static func number(_ text: ArraySlice<UInt8>) -> Int? {
    let digits = text.drop { $0 == UInt8(ascii: " ") }
    guard !digits.isEmpty, digits.count <= 6 else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }
}

/// The bytes of one record, inside a page of the ring buffer.
struct RecordBytes {
  let page: [UInt8]
  let range: Range<Int>

  /// An integer of the record, sign-extended if its type is signed; `nil` if the record is too short.
  func number(_ field: RecordLayout.Field?) -> UInt64? {
    guard let field, field.size <= 8, field.offset + field.size <= range.count else { return nil }
    var value: UInt64 = 0
    for index in (0..<field.size).reversed() {
      value = value << 8 | UInt64(page[range.lowerBound + field.offset + index])
    }
    guard field.isSigned, field.size < 8, value >> UInt64(field.size * 8 - 1) != 0 else { return value }
    return value | ~0 << UInt64(field.size * 8)
  }

  /// A text of the record up to its NUL: an array of characters, or the location of one. Empty if the record has none.
  func text(_ field: RecordLayout.Field?) -> ArraySlice<UInt8> {
    guard let field else { return [] }
    var (offset, size) = (field.offset, field.size)
    if field.isLocation {
      guard let location = number(field) else { return [] }
      (offset, size) = (Int(location & 0xffff), Int(location >> 16 & 0xffff))
    }
    guard offset + size <= range.count else { return [] }
    return page[range.lowerBound + offset..<range.lowerBound + offset + size].prefix { $0 != 0 }
  }
}

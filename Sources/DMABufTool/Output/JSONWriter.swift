// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// Writes one JSON document piece by piece: of a census with many thousands of rows, only a part is in memory at any
/// time.
///
/// This writer needs 0.05 s of processor time and 1 MiB for 12,000 buffers with two holders each. The encoder of
/// FoundationEssentials, which writes all other documents, needs 0.7 s and 2.5 MiB for one row at a time, and 40 MiB
/// for the whole document.
///
/// Members appear in the order of the calls. The caller has to write them sorted by key.
struct JSONWriter {
  private static let chunk = 64 << 10

  /// The stream that full chunks are written to; `nil` keeps the whole document in memory.
  private let stream: StandardStream?
  private var bytes: [UInt8] = []
  private var needsComma = false
  private var failure: (any Error)?

  init(to stream: StandardStream? = nil) {
    self.stream = stream
    if stream != nil { bytes.reserveCapacity(Self.chunk + 4096) }
  }

  /// Ends the document, and returns it if there is no stream. Throws the first error of the stream.
  mutating func finish() throws -> String {
    guard let stream else { return String(decoding: bytes, as: UTF8.self) }
    if let failure { throw failure }
    bytes.append(UInt8(ascii: "\n"))
    try stream.write(bytes)
    return ""
  }

  /// Returns what was written since the last call, and a line break. The next value continues the list.
  mutating func takeLine() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes + [UInt8(ascii: "\n")]
  }

  mutating func object(_ members: (inout JSONWriter) -> Void) {
    start(UInt8(ascii: "{"))
    members(&self)
    end(UInt8(ascii: "}"))
  }

  private mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
    start(UInt8(ascii: "["))
    for element in elements { write(&self, element) }
    end(UInt8(ascii: "]"))
  }

  /// Writes the key of the next value.
  mutating func key(_ key: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    key.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    bytes += "\":".utf8
    needsComma = false
  }

  mutating func value(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    if text.utf8.allSatisfy({ $0 < 0x7f }) {
      for byte in text.utf8 { append(byte) }
    } else {
      for scalar in text.unicodeScalars { append(scalar) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func value(_ number: some FixedWidthInteger) { atom("\(number)") }

  mutating func null() { atom("null") }

  mutating func member(_ key: StaticString, _ text: String?) {
    self.key(key)
    if let text { value(text) } else { null() }
  }

  mutating func member(_ key: StaticString, _ text: UntrustedText?) { member(key, text?.string) }

  mutating func member(_ key: StaticString, _ number: (some FixedWidthInteger)?) {
    self.key(key)
    atom(number.map { "\($0)" } ?? "null")
  }

  /// Writes nanoseconds as microseconds with three decimal places.
  mutating func member(_ key: StaticString, microsecondsOf nanoseconds: UInt64) {
    self.key(key)
    atom("\(nanoseconds / 1000)." + (nanoseconds % 1000).digits(3))
  }

  mutating func member(_ key: StaticString, _ truth: Bool?) {
    self.key(key)
    atom(truth.map { $0 ? "true" : "false" } ?? "null")
  }

  mutating func member<Element>(
    _ key: StaticString, _ elements: [Element]?, _ write: (inout JSONWriter, Element) -> Void
  ) {
    self.key(key)
    if let elements { array(elements, write) } else { null() }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if 0x20..<0x7f ~= scalar.value {
      append(UInt8(scalar.value))
    } else {
      bytes += (Escaping.jsonEscape(scalar) ?? String(scalar)).utf8
    }
  }

  /// Appends an ASCII byte of a string, escaped.
  private mutating func append(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
    case 0x08: bytes += "\\b".utf8
    case 0x0c: bytes += "\\f".utf8
    case UInt8(ascii: "\n"): bytes += "\\n".utf8
    case UInt8(ascii: "\t"): bytes += "\\t".utf8
    case UInt8(ascii: "\r"): bytes += "\\r".utf8
    case ..<0x20: bytes += ("\\u" + byte.digits(4, radix: 16)).utf8
    default: bytes.append(byte)
    }
  }

  private mutating func atom(_ text: String) {
    separate()
    bytes += text.utf8
  }

  private mutating func start(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
    flushFull()
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func flushFull() {
    guard let stream, bytes.count >= Self.chunk, failure == nil else { return }
    do { try stream.write(bytes) } catch { failure = error }
    bytes.removeAll(keepingCapacity: true)
  }
}

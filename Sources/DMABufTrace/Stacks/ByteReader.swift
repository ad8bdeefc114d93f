// SPDX-License-Identifier: MIT

/// An error: bytes of an ELF file or of a stack are not what its format requires, or are of a kind that this reader
/// does not support.
struct Malformed: Error {}

/// Reads the numbers of ELF and DWARF, least significant byte first. It never reads beyond the end of the bytes.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  var isAtEnd: Bool { position >= bytes.endIndex }

  /// The number of bytes that were read.
  var consumed: Int { position - bytes.startIndex }

  /// The number of bytes that are left.
  var remaining: Int { bytes.endIndex - position }

  mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(Malformed) -> Number {
    var result: Number = 0
    let size = Number.bitWidth / 8
    guard bytes.endIndex - position >= size else { throw Malformed() }
    for index in 0..<size { result |= Number(truncatingIfNeeded: bytes[position + index]) << (8 * index) }
    position += size
    return result
  }

  /// An unsigned number of DWARF in 7-bit groups (LEB128). Bits above the 64th are lost.
  mutating func unsigned() throws(Malformed) -> UInt64 { try groups().value }

  /// A signed number of DWARF in 7-bit groups (LEB128).
  mutating func signed() throws(Malformed) -> Int64 {
    let (value, width, last) = try groups()
    let isNegative = last & 0x40 != 0
    return Int64(bitPattern: isNegative && width < 64 ? value | UInt64.max << UInt64(width) : value)
  }

  private mutating func groups() throws(Malformed) -> (value: UInt64, width: Int, last: UInt8) {
    var value: UInt64 = 0
    var width = 0
    while true {
      let byte = try integer(UInt8.self)
      value |= UInt64(byte & 0x7f) << UInt64(width)
      width += 7
      if byte & 0x80 == 0 { return (value, width, byte) }
      guard width < 140 else { throw Malformed() }
    }
  }

  /// As many bytes as `count`, which an untrusted file gives.
  mutating func slice(_ count: UInt64) throws(Malformed) -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.endIndex - position) else { throw Malformed() }
    let slice = bytes[position..<(position + Int(count))]
    position += Int(count)
    return slice
  }

  /// The bytes up to a NUL, which is consumed.
  mutating func text() throws(Malformed) -> ArraySlice<UInt8> {
    guard let end = bytes[position...].firstIndex(of: 0) else { throw Malformed() }
    defer { position = end + 1 }
    return bytes[position..<end]
  }
}

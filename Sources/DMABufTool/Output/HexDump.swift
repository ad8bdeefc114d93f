// SPDX-License-Identifier: MIT
/// Bytes in the format of `hexdump -C`: sixteen bytes per line, repeated lines replaced by a `*`.
struct HexDump {
  private static let digits = Array("0123456789abcdef".utf8)

  private var offset: Int
  private var previous: [UInt8] = []
  private var isSqueezing = false
  private(set) var text: [UInt8] = []

  /// Creates a dump whose first byte is `offset` bytes from the start.
  init(startingAt offset: Int) { self.offset = offset }

  /// Adds bytes. The length of each piece except the last is a multiple of sixteen.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let line = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 16, bytes.count)])
      if unsafe line.count == 16 && previous.elementsEqual(line) {
        if !isSqueezing { text += [UInt8(ascii: "*"), UInt8(ascii: "\n")] }
        isSqueezing = true
      } else {
        isSqueezing = false
        unsafe previous = Array(line)
        addLine(previous)
      }
      offset += line.count
    }
  }

  /// Adds the last line, which is the offset after the last byte.
  mutating func finish() {
    addOffset()
    text.append(UInt8(ascii: "\n"))
  }

  /// Returns the text so far and clears it.
  mutating func takeText() -> [UInt8] {
    defer { text.removeAll(keepingCapacity: true) }
    return text
  }

  private mutating func addLine(_ line: [UInt8]) {
    let space = UInt8(ascii: " ")
    addOffset()
    text.append(space)
    for index in 0..<16 {
      if index == 8 { text.append(space) }
      text.append(space)
      if index < line.count { addHexadecimal(line[index]) } else { text += [space, space] }
    }
    text += [space, space, UInt8(ascii: "|")]
    text += line.map { 0x20...0x7e ~= $0 ? $0 : UInt8(ascii: ".") }
    text += [UInt8(ascii: "|"), UInt8(ascii: "\n")]
  }

  private mutating func addOffset() {
    let digits = max(8, (Int.bitWidth - offset.leadingZeroBitCount + 3) / 4)
    for digit in (0..<digits).reversed() { text.append(Self.digits[offset >> (digit * 4) & 15]) }
  }

  private mutating func addHexadecimal(_ byte: UInt8) {
    text.append(Self.digits[Int(byte >> 4)])
    text.append(Self.digits[Int(byte & 15)])
  }
}

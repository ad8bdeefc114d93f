// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise

struct MapReport: Report, Encodable {
  struct FirstMismatch: Encodable {
    let offset: Int
    let expected: String
    let found: String
  }

  let schema = "dmabuf.map/1"
  let subject: String
  let ino: UInt64
  let offset: Int
  var length: Int
  let operation: String
  private(set) var ok = true
  private(set) var mismatches = 0
  @Nullable private(set) var firstMismatch: FirstMismatch?
  @Nullable private(set) var checksum: String?
  @Nullable private(set) var bytesPerSecond: UInt64?
  @Nullable private(set) var readBytesPerSecond: UInt64?
  @Nullable private(set) var writeBytesPerSecond: UInt64?

  enum CodingKeys: String, CodingKey {
    case schema, ino, offset, length, operation, ok, mismatches, checksum
    case firstMismatch = "first_mismatch"
    case bytesPerSecond = "bytes_per_second"
    case readBytesPerSecond = "read_bytes_per_second"
    case writeBytesPerSecond = "write_bytes_per_second"
  }

  init(subject: String, ino: UInt64, offset: Int, length: Int, operation: String) {
    self.subject = subject
    self.ino = ino
    self.offset = offset
    self.length = length
    self.operation = operation
  }

  mutating func setMismatch(_ mismatch: Pattern.Mismatch) {
    guard let offset = mismatch.offset else { return }
    ok = false
    mismatches = mismatch.count
    firstMismatch = FirstMismatch(
      offset: offset, expected: Self.hexadecimal(mismatch.expected), found: Self.hexadecimal(mismatch.found))
  }

  mutating func setChecksum(_ value: UInt64) {
    checksum = Units.checksum(value)
  }

  mutating func setRate(bytes: Int, nanoseconds: UInt64) {
    bytesPerSecond = Self.rate(bytes, nanoseconds)
  }

  mutating func setRates(bytes: Int, reading: UInt64, writing: UInt64?) {
    readBytesPerSecond = Self.rate(bytes, reading)
    writeBytesPerSecond = writing.map { Self.rate(bytes, $0) }
  }

  private static func rate(_ bytes: Int, _ nanoseconds: UInt64) -> UInt64 {
    UInt64(Double(bytes) / Double(max(1, nanoseconds)) * 1e9)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { $0.digits(2, radix: 16) }.joined(separator: " ")
  }

  func text(style: Style) -> String {
    let what = "\(Units.size(UInt64(length))) of \(subject) (ino:\(ino))"
    let speed = bytesPerSecond.map { ", " + Units.rate($0) } ?? ""
    if let firstMismatch {
      return """
        \(what): \(Units.count(mismatches, "byte")) differ\(mismatches == 1 ? "s" : "")
        first at   \(firstMismatch.offset) (0x\(String(firstMismatch.offset, radix: 16)))
        expected   \(firstMismatch.expected)
        found      \(firstMismatch.found)
        """
    }
    switch operation {
    case "fill": return "\(what) filled\(speed)"
    case "verify": return "\(what) verified\(speed)"
    case "output": return "\(what) copied out\(speed)"
    case "input": return "\(what) copied in\(speed)"
    case "bandwidth":
      let write =
        writeBytesPerSecond.map { "write  " + Units.rate($0) } ?? "write  not possible: the descriptor is read-only"
      return "read   \(Units.rate(readBytesPerSecond ?? 0))\n" + write
    default: return checksum ?? ""
    }
  }
}

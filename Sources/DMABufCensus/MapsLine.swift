// SPDX-License-Identifier: MIT
/// The numbers of a line of `/proc/PID/maps`, without the path after them.
///
/// The offset column is deliberately not read: for dma-bufs it can be a physical address or a cookie.
struct MapsLine: Equatable {
  let start: UInt64
  let end: UInt64
  /// `MAJOR << 32 | MINOR`.
  let device: UInt64
  let inode: UInt64

  /// Parses `START-END PERMISSIONS OFFSET MAJOR:MINOR INODE`. Returns `nil` for any other text.
  init?(parsing line: some Collection<UInt8>) {
    let fields = line.split(separator: UInt8(ascii: " "))
    // A sixth field would be the beginning of a path that contains ` /dmabuf:`.
    guard fields.count == 5,
      let (start, end) = Self.pair(fields[0], separatedBy: "-"),
      let (major, minor) = Self.pair(fields[3], separatedBy: ":"),
      let inode = UInt64(String(decoding: fields[4], as: UTF8.self)),
      start < end, major <= UInt32.max, minor <= UInt32.max
    else { return nil }
    self.start = start
    self.end = end
    device = major << 32 | minor
    self.inode = inode
  }

  private static func pair(
    _ field: some Collection<UInt8>, separatedBy separator: Unicode.Scalar
  ) -> (UInt64, UInt64)? {
    let parts = field.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false)
    guard parts.count == 2,
      let first = UInt64(String(decoding: parts[0], as: UTF8.self), radix: 16),
      let second = UInt64(String(decoding: parts[1], as: UTF8.self), radix: 16)
    else { return nil }
    return (first, second)
  }
}

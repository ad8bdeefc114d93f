// SPDX-License-Identifier: MIT

/// The mappings of a process that contain code, from `/proc/PID/maps`.
struct MappedCode {
  /// A mapping with the permission to execute.
  struct Region: Equatable {
    let start: UInt64
    let end: UInt64
    /// The place in the file, in bytes.
    let offset: UInt64
    /// `MAJOR << 32 | MINOR`.
    let device: UInt64
    /// 0 if the mapping has no file.
    let inode: UInt64
    /// Unchanged, with ` (deleted)` and escaped newlines; empty if the mapping has no name.
    let path: ArraySlice<UInt8>
    let isExecutable: Bool

    /// Parses `START-END PERMISSIONS OFFSET MAJOR:MINOR INODE   PATH`. Returns `nil` for any other text.
    init?(parsing line: ArraySlice<UInt8>) {
      var rest = line
      func field(until end: Unicode.Scalar) -> ArraySlice<UInt8>? {
        guard let index = rest.firstIndex(of: UInt8(ascii: end)) else { return nil }
        defer { rest = rest[(index + 1)...] }
        return rest[..<index]
      }
      func number(_ text: ArraySlice<UInt8>?, radix: Int = 16) -> UInt64? {
        // Without a sign, which the initializer of the standard library accepts.
        guard let text, let first = text.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
          return nil
        }
        return UInt64(String(decoding: text, as: UTF8.self), radix: radix)
      }
      guard let start = number(field(until: "-")), let end = number(field(until: " ")), start < end,
        let permissions = field(until: " "), permissions.count == 4,
        let offset = number(field(until: " ")), let major = number(field(until: ":")),
        let minor = number(field(until: " ")), major <= UInt32.max, minor <= UInt32.max
      else { return nil }
      let digits = rest.prefix { $0 != UInt8(ascii: " ") }
      guard let inode = number(digits, radix: 10) else { return nil }
      (self.start, self.end, self.offset, self.inode) = (start, end, offset, inode)
      device = major << 32 | minor
      isExecutable = permissions.dropFirst(2).first == UInt8(ascii: "x")
      path = rest.dropFirst(digits.count).drop { $0 == UInt8(ascii: " ") }
    }

    /// Whether the mapping is that of a file, and not of memory or of the kernel's own page (`[vdso]`).
    var isFile: Bool { inode != 0 && path.first == UInt8(ascii: "/") }
  }

  private var code: [Region] = []
  private var memory: [(start: UInt64, end: UInt64)] = []

  /// Parses the whole text. The kernel lists mappings by address.
  init(parsing text: [UInt8]) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let region = Region(parsing: line), region.start >= memory.last?.end ?? 0 else { continue }
      memory.append((region.start, region.end))
      if region.isExecutable { code.append(region) }
    }
  }

  /// The mapping whose code is at `address`.
  func region(at address: UInt64) -> Region? {
    let next = code.partitioningIndex { $0.start > address }
    return next > 0 && address < code[next - 1].end ? code[next - 1] : nil
  }

  /// Whether anything is mapped at `address`. Where nothing is mapped at the stack pointer of a thread, the process has
  /// executed another program meanwhile.
  func contains(_ address: UInt64) -> Bool {
    let next = memory.partitioningIndex { $0.start > address }
    return next > 0 && address < memory[next - 1].end
  }
}

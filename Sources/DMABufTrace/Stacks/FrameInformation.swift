// SPDX-License-Identifier: MIT

/// The call frame information of an ELF file (`.eh_frame`): for each place of a function, how to find its caller.
///
/// The parts are read when they are needed. A file that another process has mapped may have any contents, so sizes and
/// counts have limits.
struct FrameInformation {
  private static let longestEntry: UInt64 = 64 << 10
  private static let longestSection: UInt64 = 16 << 20
  private static let mostEntries = 1 << 16

  private enum Index {
    /// The sorted table of `.eh_frame_hdr`: its address, and that of the first entry.
    case table(header: UInt64, first: UInt64, count: UInt64)
    /// What a pass over the section found, sorted by begin: the linkers of static programs leave out the table.
    case found([(begin: UInt64, entry: UInt64)])
  }

  private let file: ELFFile
  private let index: Index
  private let architecture: Architecture

  /// `nil` if the file has no call frame information.
  init?(_ file: ELFFile) {
    self.file = file
    architecture = file.architecture
    if let header = file.frameHeader, let index = try? Self.table(header, in: file) {
      self.index = index
      return
    }
    guard let section = file.section(named: ".eh_frame"), section.size <= Self.longestSection else { return nil }
    let entries = Self.entries(of: section, in: file)
    guard !entries.isEmpty else { return nil }
    index = .found(entries)
  }

  /// The row for the instruction at `address`; `nil` if no function there has call frame information.
  func row(for address: UInt64) throws(Malformed) -> FrameRow? {
    guard let place = try entry(before: address) else { return nil }
    let entry = try Entry(at: place, in: file)
    guard entry.begin <= address, address - entry.begin < entry.length else { return nil }
    let common = entry.common
    let row = FrameRow(
      base: nil, rules: Array(repeating: .sameValue, count: architecture.registers),
      returnAddress: common.returnAddress, isOfSignal: common.isOfSignal)
    var instructions = FrameInstructions(
      codeAlignment: common.codeAlignment, dataAlignment: common.dataAlignment,
      mayBeSigned: architecture == .arm64, row: row)
    try instructions.execute(common.instructions, from: 0, to: .max)
    instructions.endCommonPart()
    try instructions.execute(entry.instructions, from: entry.begin, to: address)
    return instructions.row
  }

  // MARK: Finding entries

  private static func table(_ header: ELFFile.Part, in file: ELFFile) throws(Malformed) -> Index {
    let start = header.address
    var reader = ByteReader(file.bytes(at: start, count: 32))
    let version = try reader.integer(UInt8.self)
    let encodings = [try reader.integer(UInt8.self), try reader.integer(UInt8.self), try reader.integer(UInt8.self)]
    // 4-byte offsets from the header: the only form that linkers write.
    guard version == 1, encodings[2] == 0x3b else { throw Malformed() }
    _ = try Pointer(encodings[0]).read(&reader, at: start + 4)
    let count = try Pointer(encodings[1]).read(&reader, at: start + UInt64(reader.consumed))
    let first = start + UInt64(reader.consumed)
    guard count > 0, count <= header.size / 8 else { throw Malformed() }
    return .table(header: start, first: first, count: count)
  }

  /// The entry of the last function that begins at `address` or before.
  private func entry(before address: UInt64) throws(Malformed) -> UInt64? {
    switch index {
    case .found(let entries):
      let next = entries.partitioningIndex { $0.begin > address }
      return next > 0 ? entries[next - 1].entry : nil
    case .table(let header, let first, let count):
      var range = (low: UInt64(0), high: count)
      var entry: UInt64?
      while range.low < range.high {
        let middle = (range.low + range.high) / 2
        var reader = ByteReader(file.bytes(at: first &+ middle * 8, count: 8))
        let begin = header &+ UInt64(truncatingIfNeeded: try reader.integer(Int32.self))
        if begin <= address {
          entry = header &+ UInt64(truncatingIfNeeded: try reader.integer(Int32.self))
          range.low = middle + 1
        } else {
          range.high = middle
        }
      }
      return entry
    }
  }

  /// The entries of all functions. The pass ends at the first malformed entry.
  private static func entries(of section: ELFFile.Part, in file: ELFFile) -> [(begin: UInt64, entry: UInt64)] {
    var found: [(begin: UInt64, entry: UInt64)] = []
    var commons: [UInt64: CommonEntry] = [:]
    var place = section.address
    let end = section.address &+ section.size
    var count = 0
    while place < end, count < 2 * mostEntries {
      count += 1
      var reader = ByteReader(file.bytes(at: place, count: 8))
      guard let length = try? reader.integer(UInt32.self), length < UInt32.max else { break }
      // An entry without a length ends the contribution of one object file.
      if length > 0 {
        guard let pointer = try? reader.integer(UInt32.self) else { break }
        if pointer > 0 {
          guard let entry = try? Entry(at: place, in: file, commons: &commons) else { break }
          found.append((entry.begin, place))
        }
      }
      place = place &+ 4 &+ UInt64(length)
    }
    return found.sorted { $0.begin < $1.begin }
  }

  // MARK: Entries

  /// What the entries of several functions have in common (CIE).
  private struct CommonEntry {
    let codeAlignment: UInt64
    let dataAlignment: Int64
    let returnAddress: Int
    var pointer = Pointer(0)
    var isOfSignal = false
    var hasData = false
    let instructions: ArraySlice<UInt8>

    init(at address: UInt64, in file: ELFFile) throws(Malformed) {
      var reader = ByteReader(try FrameInformation.contents(at: address, in: file))
      guard try reader.integer(UInt32.self) == 0 else { throw Malformed() }
      let version = try reader.integer(UInt8.self)
      guard version == 1 || version == 3 else { throw Malformed() }
      let augmentation = try reader.text()
      codeAlignment = try reader.unsigned()
      dataAlignment = try reader.signed()
      let register = version == 1 ? UInt64(try reader.integer(UInt8.self)) : try reader.unsigned()
      guard register < UInt64(file.architecture.registers) else { throw Malformed() }
      returnAddress = Int(register)
      if augmentation.first == UInt8(ascii: "z") {
        hasData = true
        var data = ByteReader(try reader.slice(try reader.unsigned()))
        for letter in augmentation.dropFirst() {
          switch Unicode.Scalar(letter) {
          case "R": pointer = Pointer(try data.integer(UInt8.self))
          case "L": _ = try data.integer(UInt8.self)
          case "P": try Pointer(data.integer(UInt8.self)).skip(&data)
          case "S": isOfSignal = true
          case "B", "G": break  // keys of pointer authentication, memory tags
          default: throw Malformed()
          }
        }
      } else if !augmentation.isEmpty {
        throw Malformed()
      }
      instructions = try reader.slice(UInt64(max(0, reader.remaining)))
    }
  }

  /// The entry of a function (FDE).
  private struct Entry {
    let common: CommonEntry
    let begin: UInt64
    let length: UInt64
    let instructions: ArraySlice<UInt8>

    init(at address: UInt64, in file: ELFFile) throws(Malformed) {
      var commons: [UInt64: CommonEntry] = [:]
      try self.init(at: address, in: file, commons: &commons)
    }

    init(at address: UInt64, in file: ELFFile, commons: inout [UInt64: CommonEntry]) throws(Malformed) {
      var reader = ByteReader(try FrameInformation.contents(at: address, in: file))
      let distance = UInt64(try reader.integer(UInt32.self))
      guard distance > 0 else { throw Malformed() }
      let place = address &+ 4 &- distance
      if let known = commons[place] {
        common = known
      } else {
        common = try CommonEntry(at: place, in: file)
        if commons.count < 4096 { commons[place] = common }
      }
      begin = try common.pointer.read(&reader, at: address &+ 8)
      length = try common.pointer.size.read(&reader, at: 0)
      if common.hasData { _ = try reader.slice(try reader.unsigned()) }
      instructions = try reader.slice(UInt64(max(0, reader.remaining)))
    }
  }

  /// The bytes of an entry after its length.
  private static func contents(at address: UInt64, in file: ELFFile) throws(Malformed) -> [UInt8] {
    var reader = ByteReader(file.bytes(at: address, count: 4))
    let length = UInt64(try reader.integer(UInt32.self))
    guard length <= longestEntry else { throw Malformed() }
    let bytes = file.bytes(at: address &+ 4, count: Int(length))
    guard bytes.count == Int(length) else { throw Malformed() }
    return bytes
  }

  /// The encoding of an address (DW_EH_PE).
  private struct Pointer {
    private let encoding: UInt8

    init(_ encoding: UInt8) { self.encoding = encoding }

    /// The same form, as a number that is relative to nothing.
    var size: Pointer { Pointer(encoding & 0x0f) }

    /// Reads an address that is at `place`.
    func read(_ reader: inout ByteReader, at place: UInt64) throws(Malformed) -> UInt64 {
      let number: UInt64 =
        switch encoding & 0x0f {
        case 0x00, 0x04, 0x0c: try reader.integer(UInt64.self)
        case 0x01: try reader.unsigned()
        case 0x02: UInt64(try reader.integer(UInt16.self))
        case 0x03: UInt64(try reader.integer(UInt32.self))
        case 0x09: UInt64(bitPattern: try reader.signed())
        case 0x0a: UInt64(truncatingIfNeeded: try reader.integer(Int16.self))
        case 0x0b: UInt64(truncatingIfNeeded: try reader.integer(Int32.self))
        default: throw Malformed()
        }
      return switch encoding & 0xf0 {
      case 0x00: number
      case 0x10: number &+ place
      default: throw Malformed()
      }
    }

    /// Skips an address whose value does not matter.
    func skip(_ reader: inout ByteReader) throws(Malformed) {
      if encoding != 0xff { _ = try size.read(&reader, at: 0) }
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `isBeyond`. All elements after it satisfy it, too.
  func partitioningIndex(_ isBeyond: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

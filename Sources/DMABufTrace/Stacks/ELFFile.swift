// SPDX-License-Identifier: MIT
import DMABuf

/// The bytes of a file, read when they are needed.
protocol FileBytes: AnyObject {
  /// Up to `count` bytes from `offset` on; fewer at the end of the file.
  func bytes(at offset: UInt64, count: Int) -> [UInt8]
}

/// The parts of an ELF file that stacks need: segments, call frame information, symbols. Nothing is loaded or executed.
///
/// Corresponds to `elf.h`. Other processes choose the contents, so each number is checked, and sizes have limits.
final class ELFFile {
  /// A segment or section.
  struct Part {
    let address: UInt64
    let offset: UInt64
    /// Size in the file in bytes.
    let size: UInt64
    var isExecutable = false
  }

  private struct Section {
    let name: UInt32
    let type: UInt32
    let link: UInt32
    let part: Part
  }

  let architecture: Architecture
  /// The table of the call frame information (`PT_GNU_EH_FRAME`).
  private(set) var frameHeader: Part?
  /// The id that the linker gave this build; empty if none.
  private(set) var buildID: [UInt8] = []

  private static let mostSections = 4096

  private let file: any FileBytes
  private var segments: [Part] = []
  private let sectionTable: (offset: UInt64, count: Int, names: Int)
  private lazy var sections = readSections()

  /// Throws if the file is no 64-bit ELF file for `architecture`.
  init(_ file: any FileBytes, for architecture: Architecture) throws(Malformed) {
    self.file = file
    self.architecture = architecture
    var reader = ByteReader(file.bytes(at: 0, count: 64))
    guard try reader.slice(4).elementsEqual([0x7f, 0x45, 0x4c, 0x46]) else { throw Malformed() }
    // 64-bit, least significant byte first, version 1.
    guard try reader.slice(3).elementsEqual([2, 1, 1]) else { throw Malformed() }
    _ = try reader.slice(9)
    let type = try reader.integer(UInt16.self)
    guard type == 2 || type == 3, try reader.integer(UInt16.self) == architecture.machine else { throw Malformed() }
    _ = try reader.slice(12)  // version, entry
    let segmentOffset = try reader.integer(UInt64.self)
    let sectionOffset = try reader.integer(UInt64.self)
    _ = try reader.slice(6)  // flags, size of this header
    let segmentSize = try reader.integer(UInt16.self)
    let segmentCount = try reader.integer(UInt16.self)
    let sectionSize = try reader.integer(UInt16.self)
    let sectionCount = try reader.integer(UInt16.self)
    let names = try reader.integer(UInt16.self)
    guard segmentSize == 56 else { throw Malformed() }
    sectionTable = (sectionOffset, sectionSize == 64 ? Int(sectionCount) : 0, Int(names))
    let table = file.bytes(at: segmentOffset, count: 56 * min(Int(segmentCount), 256))
    for start in stride(from: 0, through: table.count - 56, by: 56) {
      try addSegment(table[start..<(start + 56)])
    }
  }

  private func addSegment(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
    var reader = ByteReader(bytes)
    let type = try reader.integer(UInt32.self)
    let flags = try reader.integer(UInt32.self)
    let offset = try reader.integer(UInt64.self)
    let address = try reader.integer(UInt64.self)
    _ = try reader.slice(8)
    let part = Part(
      address: address, offset: offset, size: try reader.integer(UInt64.self), isExecutable: flags & 1 != 0)
    switch type {
    case 1: segments.append(part)
    case 4: if buildID.isEmpty { buildID = (try? readBuildID(in: part)) ?? [] }
    case 0x6474_e550: frameHeader = part
    default: break
    }
  }

  private func readBuildID(in notes: Part) throws(Malformed) -> [UInt8] {
    var reader = ByteReader(file.bytes(at: notes.offset, count: Int(min(notes.size, 4096))))
    while !reader.isAtEnd {
      let nameSize = try reader.integer(UInt32.self)
      let size = try reader.integer(UInt32.self)
      let type = try reader.integer(UInt32.self)
      let name = try reader.slice((UInt64(nameSize) + 3) & ~3)
      let contents = try reader.slice((UInt64(size) + 3) & ~3)
      if type == 3, name.elementsEqual([0x47, 0x4e, 0x55, 0]) { return Array(contents.prefix(Int(min(size, 64)))) }
    }
    return []
  }

  // MARK: Addresses

  /// The address, in this file's own numbering, of a place in the file that is mapped as code.
  func address(ofFileOffset offset: UInt64) -> UInt64? {
    let segment = segments.first { part in
      part.isExecutable && offset >= part.offset && offset - part.offset < part.size
    }
    return segment.map { $0.address &+ (offset - $0.offset) }
  }

  /// The initial bytes of the memory at `address`, up to the end of the segment.
  func bytes(at address: UInt64, count: Int) -> [UInt8] {
    guard let segment = segments.first(where: { address >= $0.address && address - $0.address < $0.size }) else {
      return []
    }
    let distance = address - segment.address
    return file.bytes(at: segment.offset &+ distance, count: Int(min(UInt64(count), segment.size - distance)))
  }

  // MARK: Sections

  private func readSections() -> [Section] {
    let table = file.bytes(at: sectionTable.offset, count: 64 * min(sectionTable.count, Self.mostSections))
    return stride(from: 0, through: table.count - 64, by: 64).compactMap { start in
      try? Self.section(table[start..<(start + 64)])
    }
  }

  private static func section(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> Section {
    var reader = ByteReader(bytes)
    let name = try reader.integer(UInt32.self)
    let type = try reader.integer(UInt32.self)
    _ = try reader.slice(8)
    let address = try reader.integer(UInt64.self)
    let offset = try reader.integer(UInt64.self)
    let part = Part(address: address, offset: offset, size: try reader.integer(UInt64.self))
    return Section(name: name, type: type, link: try reader.integer(UInt32.self), part: part)
  }

  func section(named name: String) -> Part? {
    guard sections.indices.contains(sectionTable.names) else { return nil }
    let names = sections[sectionTable.names].part
    return sections.first { section in
      self.name(at: UInt64(section.name), in: names, limit: 64)?.elementsEqual(name.utf8) ?? false
    }?.part
  }

  /// The NUL-terminated text at a place of a table of strings; `nil` if it is longer than `limit`.
  private func name(at place: UInt64, in table: Part, limit: Int) -> ArraySlice<UInt8>? {
    guard place < table.size else { return nil }
    let count = Int(min(UInt64(limit + 1), table.size - place))
    var reader = ByteReader(file.bytes(at: table.offset &+ place, count: count))
    return try? reader.text()
  }

  // MARK: Symbols

  /// A function of a symbol table.
  struct Symbol: Equatable {
    let name: UntrustedText
    let address: UInt64
  }

  private static let longestName = 4096
  private static let longestTable: UInt64 = 96 << 20
  private static let symbolsInChunk = 4096

  /// The functions that contain the addresses: of the complete table, or of that for dynamic linking.
  func symbols(at addresses: [UInt64]) -> [UInt64: Symbol] {
    var wanted = Set(addresses).sorted()
    var symbols: [UInt64: Symbol] = [:]
    for type: UInt32 in [2, 11] {  // SHT_SYMTAB, SHT_DYNSYM
      guard !wanted.isEmpty, let section = sections.first(where: { $0.type == type }),
        section.part.size <= Self.longestTable, sections.indices.contains(Int(section.link))
      else { continue }
      var search = Search(wanted: wanted, strings: sections[Int(section.link)].part)
      self.search(section.part, &search)
      for (address, best) in search.found {
        symbols[address] = Symbol(name: UntrustedText(best.name), address: best.begin)
      }
      wanted.removeAll { symbols[$0] != nil }
    }
    return symbols
  }

  private struct Candidate {
    let begin: UInt64
    let size: UInt64
    let name: ArraySlice<UInt8>

    /// Of several names of a function, the plainest precedes: `ioctl`, then `__ioctl`.
    func precedes(_ other: Candidate) -> Bool {
      if size != other.size { return size < other.size }
      let (own, others) = (underscores, other.underscores)
      if (own, name.count) != (others, other.name.count) { return (own, name.count) < (others, other.name.count) }
      return name.lexicographicallyPrecedes(other.name)
    }

    private var underscores: Int { name.prefix { $0 == UInt8(ascii: "_") }.count }
  }

  /// A search of one table. It ends early in a table whose functions overlap without end.
  private struct Search {
    let wanted: [UInt64]
    let strings: Part
    var found: [UInt64: Candidate] = [:]
    var budget = 1 << 24
  }

  private func search(_ table: Part, _ search: inout Search) {
    let chunk = 24 * Self.symbolsInChunk
    var place: UInt64 = 0
    while place < table.size, search.budget > 0 {
      let bytes = file.bytes(at: table.offset &+ place, count: Int(min(UInt64(chunk), table.size - place)))
      if bytes.count < 24 { return }
      for start in stride(from: 0, through: bytes.count - 24, by: 24) {
        search.budget -= 1
        // STT_FUNC or STT_GNU_IFUNC, and defined in this file.
        let type = bytes[start + 4] & 0xf
        guard type == 2 || type == 10, bytes[start + 6] != 0 || bytes[start + 7] != 0 else { continue }
        consider(bytes[start..<(start + 24)], &search)
      }
      place += UInt64(chunk)
    }
  }

  private func consider(_ symbol: ArraySlice<UInt8>, _ search: inout Search) {
    var reader = ByteReader(symbol)
    guard let name = try? reader.integer(UInt32.self), (try? reader.slice(4)) != nil,
      let begin = try? reader.integer(UInt64.self), let size = try? reader.integer(UInt64.self)
    else { return }
    var text: ArraySlice<UInt8>?
    for address in search.wanted[search.wanted.partitioningIndex { $0 >= begin }...] {
      search.budget -= 1
      guard address - begin < size, search.budget > 0 else { return }
      if text == nil {
        search.budget -= 1000
        // Versions follow an @.
        text = self.name(at: UInt64(name), in: search.strings, limit: Self.longestName)?
          .prefix { $0 != UInt8(ascii: "@") }
      }
      guard let text, !text.isEmpty else { return }
      let candidate = Candidate(begin: begin, size: size, name: text)
      if search.found[address].map(candidate.precedes) ?? true { search.found[address] = candidate }
    }
  }
}

extension Array<UInt8> {
  /// Two digits for each byte.
  package var hexadecimal: String { map { $0.digits(2, radix: 16) }.joined() }
}

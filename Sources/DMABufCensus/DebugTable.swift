// SPDX-License-Identifier: MIT
package import DMABuf

/// The parsed text of `bufinfo`.
///
/// A row ends in a name of up to 31 bytes, which any process can choose. The name can contain newlines and tabs, and
/// nothing is escaped. So a name ends where the rest of the buffer is valid: fences, then as many devices as the
/// following line counts. If several ends are valid and no other source has the name, the properties that differ
/// between the readings are in doubt.
package struct DebugTable {
  /// The buffers in the kernel's order: the newest first.
  package private(set) var buffers: [Census.Buffer] = []
  /// The file status flags (`O_RDWR`, …) of each buffer, by inode number, if the text has a column for them.
  package private(set) var flags: [UInt64: UInt32] = [:]
  /// The line that counts all buffers; `nil` if the text could not be parsed up to it.
  package private(set) var total: (buffers: UInt64, bytes: UInt64?)?
  var isWhole: Bool { total != nil }

  /// The reason why the text has no usable rows.
  package enum Refusal: Error {
    /// The text is not a list of buffers.
    case noHeading
    /// The heading has no inode numbers: Linux before 5.3.
    case noInodes
  }

  /// Names known from other sources, which remove doubts.
  package struct KnownNames {
    package var names: [UInt64: UntrustedText] = [:]
    /// Buffers that have no name.
    package var unnamed: Set<UInt64> = []

    package init(names: [UInt64: UntrustedText] = [:], unnamed: Set<UInt64> = []) {
      self.names = names
      self.unnamed = unnamed
    }
  }

  /// Parses rows up to the first invalid one.
  package init(parsing text: [UInt8], known: KnownNames = KnownNames()) throws(Refusal) {
    var cursor = Cursor(text)
    cursor.skip { $0.isEmpty || $0.elementsEqual("Dma-buf Objects:".utf8) }
    guard let heading = cursor.line() else { throw .noHeading }
    let columns = try Columns(heading)
    while true {
      cursor.skip(\.isEmpty)
      if let total = cursor.peek(), total.starts(with: "Total ".utf8) {
        self.total = Self.total(total.split(separator: UInt8(ascii: " ")))
        return
      }
      guard let buffer = buffer(&cursor, columns, known) else { return }
      buffers.append(buffer)
    }
  }

  /// Parses `Total N objects, N bytes`.
  private static func total(_ words: [ArraySlice<UInt8>]) -> (buffers: UInt64, bytes: UInt64?)? {
    guard words.count >= 3, words[2].elementsEqual("objects,".utf8), let buffers = Digits.number(words[1]) else {
      return nil
    }
    return (buffers, words.dropFirst(3).first.flatMap { Digits.number($0) })
  }

  private mutating func buffer(_ cursor: inout Cursor, _ columns: Columns, _ known: KnownNames) -> Census.Buffer? {
    guard let row = columns.row(&cursor) else { return nil }
    guard row.hasName else { return Body(&cursor).flatMap { buffer(row.fields, columns, $0) } }
    let readings = self.readings(cursor, columns, row.fields)
    guard let first = readings.first, let result = buffer(first.fields, columns, first.body) else { return nil }
    cursor = first.end
    let isKnown = { (reading: Reading) in
      known.names[result.inode].map { reading.name.elementsEqual($0.bytes) }
        ?? (known.unnamed.contains(result.inode) && reading.name.elementsEqual(columns.noName))
    }
    if let reading = readings.first(where: isKnown), var result = buffer(reading.fields, columns, reading.body) {
      cursor = reading.end
      result.name = known.names[result.inode]
      result.isNamed = result.name != nil
      return result
    }
    return result.doubting(readings, columns)
  }

  private mutating func buffer(_ fields: Fields, _ columns: Columns, _ body: Body) -> Census.Buffer? {
    guard let inode = fields.number("ino") else { return nil }
    flags[inode] = fields["flags"].flatMap { UInt32(String(decoding: $0, as: UTF8.self), radix: 16) }
    var buffer = Census.Buffer(inode: inode)
    buffer.size = fields.number("size")
    buffer.count = fields.number("count")
    buffer.exporter = fields["exp_name"].map { UntrustedText($0) }
    buffer.fences = body.fences
    buffer.devices = body.devices
    return buffer
  }

  /// One way to read the end of a row: the name, and a valid rest.
  fileprivate struct Reading {
    let name: ArraySlice<UInt8>
    let fields: Fields
    let body: Body
    let end: Cursor
  }

  /// All valid readings of the text after the fields before the name, the shortest name first.
  private func readings(_ cursor: Cursor, _ columns: Columns, _ fields: Fields) -> [Reading] {
    let end = UInt8(ascii: columns.after.isEmpty ? "\n" : "\t")
    var readings: [Reading] = []
    for length in 0...31 where cursor.byte(at: length) == end {
      var rest = cursor
      rest.advance(length + 1)
      guard let all = columns.fieldsAfterName(&rest, fields), let body = Body(&rest) else { continue }
      readings.append(Reading(name: cursor.rest.prefix(length), fields: all, body: body, end: rest))
    }
    return readings
  }

  /// The lines after a row: fences, devices, and the number of devices.
  fileprivate struct Body {
    var fences: [Census.Fence] = []
    var devices: [UntrustedText] = []

    init?(_ cursor: inout Cursor) {
      while let line = cursor.peek(), line.first == UInt8(ascii: "\t"),
        let fence = Census.Fence(parsing: line.dropFirst())
      {
        fences.append(fence)
        cursor.skipLine()
      }
      guard let heading = cursor.line(), heading.elementsEqual("\tAttached Devices:".utf8) else { return nil }
      while let line = cursor.line() {
        if line.first == UInt8(ascii: "\t") {
          devices.append(UntrustedText(line.dropFirst()))
        } else {
          let words = line.split(separator: UInt8(ascii: " "))
          guard words.count == 4, words[0].elementsEqual("Total".utf8), words[2].elementsEqual("devices".utf8) else {
            return nil
          }
          if !(Digits.number(words[1]) == UInt64(devices.count)) { return nil }
          return
        }
      }
      return nil
    }
  }
}

extension Census.Buffer {
  /// Returns the buffer with its name and with the properties that all readings agree on.
  fileprivate func doubting(_ readings: [DebugTable.Reading], _ columns: DebugTable.Columns) -> Census.Buffer {
    var buffer = self
    if let name = readings.first?.name, readings.count == 1 {
      let isNone = name.elementsEqual(columns.noName)
      buffer.name = isNone ? nil : UntrustedText(name)
      buffer.isNamed = isNone ? (columns.noName.isEmpty ? false : nil) : true
      // The buffer may really have this text as its name.
      if isNone, !columns.noName.isEmpty { buffer.doubts.insert(.name) }
      return buffer
    }
    buffer.doubts.insert(.name)
    if !readings.allSatisfy({ $0.body.fences == fences }) {
      buffer.fences = nil
      buffer.doubts.insert(.fences)
    }
    if !readings.allSatisfy({ $0.body.devices == devices }) {
      buffer.devices = nil
      buffer.doubts.insert(.devices)
    }
    return buffer
  }
}

extension DebugTable {
  /// The heading: the columns of a row.
  ///
  /// The titles of mainline end in `ino` up to Linux 5.19 and in `name` later. Rows end in the name since 5.3. Vendors
  /// insert further columns, some with a space in the title.
  fileprivate struct Columns {
    /// The columns before the name, or all if there is no such column.
    let before: [String]
    let after: [String]
    /// The text for a buffer without a name.
    let noName: [UInt8]

    init(_ heading: ArraySlice<UInt8>) throws(Refusal) {
      let titles = heading.split(separator: UInt8(ascii: "\t")).map { title in
        let words = title.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        return words.joined(separator: "_")
      }
      guard titles.contains("size"), titles.contains("count") else { throw .noHeading }
      guard titles.contains("ino") else { throw .noInodes }
      let place = titles.firstIndex { $0 == "name" || $0 == "buf_name" }
      before = Array(titles[..<(place ?? titles.count)])
      after = place.map { Array(titles[($0 + 1)...]) } ?? []
      noName = place == nil ? [] : Array("<none>".utf8)
      if before.isEmpty { throw .noHeading }
    }

    /// Reads the fields before the name. The cursor is then at the name or, if the row has none, at the next line.
    func row(_ cursor: inout Cursor) -> (fields: Fields, hasName: Bool)? {
      var fields = Fields()
      for (index, title) in before.enumerated() {
        guard let end = fields.take(title, &cursor) else { return nil }
        if end == UInt8(ascii: "\t") { continue }
        // A row has at most one field less than the heading.
        let missing = before.count - 1 - index + (noName.isEmpty ? 0 : 1) + after.count
        return missing <= 1 ? (fields, false) : nil
      }
      return (fields, true)
    }

    /// Adds the fields after the name, up to the end of the line.
    func fieldsAfterName(_ cursor: inout Cursor, _ fields: Fields) -> Fields? {
      var fields = fields
      for (index, title) in after.enumerated() {
        guard let end = fields.take(title, &cursor) else { return nil }
        if (end == UInt8(ascii: "\n")) != (index == after.count - 1) { return nil }
      }
      return fields
    }
  }

  fileprivate struct Fields {
    private var values: [String: ArraySlice<UInt8>] = [:]

    subscript(_ title: String) -> ArraySlice<UInt8>? { values[title] }
    func number(_ title: String) -> UInt64? { values[title].flatMap { Digits.number($0) } }

    /// Reads one field. Returns the byte that ends the field, a tab or a newline.
    mutating func take(_ title: String, _ cursor: inout Cursor) -> UInt8? {
      let field = cursor.rest.prefix { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\n") }
      guard let end = cursor.byte(at: field.count) else { return nil }
      values[title] =
        field.last == UInt8(ascii: " ")
        ? field[..<(field.lastIndex { $0 != 32 }.map { $0 + 1 } ?? field.startIndex)] : field
      cursor.advance(field.count + 1)
      return end
    }
  }

  fileprivate struct Cursor {
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    func byte(at offset: Int) -> UInt8? { offset < rest.count ? rest[rest.startIndex + offset] : nil }
    mutating func advance(_ count: Int) { rest = rest.dropFirst(count) }

    /// The next line, without consuming it; `nil` if it has no end.
    func peek() -> ArraySlice<UInt8>? {
      rest.firstIndex(of: UInt8(ascii: "\n")).map { rest[..<$0] }
    }

    mutating func skipLine() { _ = line() }

    mutating func line() -> ArraySlice<UInt8>? {
      guard let line = peek() else { return nil }
      rest = rest[(line.endIndex + 1)...]
      return line
    }

    mutating func skip(_ matches: (ArraySlice<UInt8>) -> Bool) {
      while let line = peek(), matches(line) { skipLine() }
    }
  }
}

/// The text of `bufinfo`, read.
///
/// A row ends in a name of up to 31 bytes that any process may have chosen, newlines and tabs
/// included, and nothing is escaped. So a name ends where what follows makes sense to the end of its
/// buffer: fences, then as many devices as the line after them counts.
struct DebugTable {
  /// In the kernel's order: the newest first.
  private(set) var buffers: [Census.Buffer] = []
  /// The file status flags (`O_RDWR`, …) of each, by inode, where there is a column for them.
  private(set) var flags: [UInt64: UInt32] = [:]
  /// The line that counts all buffers; `nil` if the text did not go on to it.
  private(set) var total: (buffers: UInt64, bytes: UInt64?)?
  var isWhole: Bool { total != nil }

  /// Reads as many rows as make sense; `nil` if the heading is not one that has inode numbers.
  ///
  /// `names` are those that are known from elsewhere: they leave no doubt.
  init?(parsing text: [UInt8], names: [UInt64: UntrustedText] = [:]) {
    var cursor = Cursor(text)
    cursor.skip { $0.isEmpty || $0.elementsEqual("Dma-buf Objects:".utf8) }
    guard let heading = cursor.line(), let columns = Columns(heading) else { return nil }
    while true {
      cursor.skip(\.isEmpty)
      if let total = cursor.peek(), total.starts(with: "Total ".utf8) {
        self.total = Self.total(total.split(separator: UInt8(ascii: " ")))
        return
      }
      guard let buffer = buffer(&cursor, columns, names) else { return }
      buffers.append(buffer)
    }
  }

  /// `Total N objects, N bytes`.
  private static func total(_ words: [ArraySlice<UInt8>]) -> (buffers: UInt64, bytes: UInt64?)? {
    guard words.count >= 3, words[2].elementsEqual("objects,".utf8), let buffers = Digits.number(words[1]) else {
      return nil
    }
    return (buffers, words.dropFirst(3).first.flatMap { Digits.number($0) })
  }

  private mutating func buffer(
    _ cursor: inout Cursor, _ columns: Columns, _ names: [UInt64: UntrustedText]
  ) -> Census.Buffer? {
    guard let fields = columns.fields(&cursor), let inode = fields.number("ino") else { return nil }
    flags[inode] = fields["flags"].flatMap { UInt32(String(decoding: $0, as: UTF8.self), radix: 16) }
    var buffer = Census.Buffer(inode: inode)
    buffer.size = fields.number("size")
    buffer.count = fields.number("count")
    buffer.exporter = fields["exp_name"].map { UntrustedText($0) }
    guard columns.hasName else { return Body(&cursor).map { $0.complete(buffer) } }

    if let name = names[inode]?.bytes, cursor.rest.starts(with: name + [UInt8(ascii: "\n")]) {
      cursor.advance(name.count + 1)
      buffer.name = UntrustedText(name)
      return Body(&cursor).map { $0.complete(buffer) }
    }
    for length in 0...31 where cursor.byte(at: length) == UInt8(ascii: "\n") {
      var candidate = cursor
      let name = cursor.rest.prefix(length)
      candidate.advance(length + 1)
      guard let body = Body(&candidate) else { continue }
      cursor = candidate
      buffer.name = name.elementsEqual("<none>".utf8) ? nil : UntrustedText(name)
      return body.complete(buffer)
    }
    return nil
  }

  /// What follows a row: fences, devices, and how many devices.
  private struct Body {
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

    func complete(_ buffer: Census.Buffer) -> Census.Buffer {
      var buffer = buffer
      buffer.fences = fences
      buffer.devices = devices
      return buffer
    }
  }
}

extension DebugTable {
  /// The heading: what stands where. A name comes last, or the row would have no end.
  private struct Columns {
    let titles: [String]
    var hasName: Bool { titles.last == "name" }

    init?(_ heading: ArraySlice<UInt8>) {
      titles = heading.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
        String(String(decoding: $0, as: UTF8.self).prefix { $0 != " " })
      }
      guard titles.contains("ino"), titles.contains("size"), !titles.dropLast().contains("name") else { return nil }
    }

    /// The fields before the name, or all if there is none; the cursor is then at the name or the next line.
    func fields(_ cursor: inout Cursor) -> Fields? {
      var values: [String: ArraySlice<UInt8>] = [:]
      for (index, title) in titles.enumerated() where title != "name" {
        let isLast = index == titles.count - 1
        let field = cursor.rest.prefix { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\n") }
        guard cursor.byte(at: field.count) == (isLast ? UInt8(ascii: "\n") : UInt8(ascii: "\t")) else { return nil }
        values[title] = field
        cursor.advance(field.count + 1)
      }
      return Fields(values: values)
    }
  }

  private struct Fields {
    let values: [String: ArraySlice<UInt8>]
    subscript(_ title: String) -> ArraySlice<UInt8>? { values[title] }
    func number(_ title: String) -> UInt64? { values[title].flatMap { Digits.number($0) } }
  }

  /// A place in the text.
  private struct Cursor {
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    func byte(at offset: Int) -> UInt8? { offset < rest.count ? rest[rest.startIndex + offset] : nil }
    mutating func advance(_ count: Int) { rest = rest.dropFirst(count) }

    /// The next line, if it has an end.
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

/// Numbers in text of the kernel's.
enum Digits {
  /// A decimal number that is the whole text: digits and nothing else.
  static func number(_ text: some Collection<UInt8>) -> UInt64? {
    guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(String(decoding: text, as: UTF8.self))
  }
}

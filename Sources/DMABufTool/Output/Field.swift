import ArgumentParser
import DMABuf

/// A column that rows of one kind can have.
struct Field<Row>: Sendable {
  /// What rows are ordered by: the largest number first, but text from A to Z; the unknown comes last.
  enum Key {
    case number(UInt64)
    case text(String)
    case unknown
  }

  /// As it is typed.
  let name: String
  let title: String
  let alignment: Table.Alignment
  /// Is it there when nobody asks?
  let isUsual: Bool
  let text: @Sendable (Row) -> String
  let key: @Sendable (Row) -> Key

  /// A number.
  static func number(
    _ name: String, _ title: String, isUsual: Bool = true, _ value: @escaping @Sendable (Row) -> UInt64?,
    as format: @escaping @Sendable (UInt64) -> String = { "\($0)" }
  ) -> Field {
    Field(
      name: name, title: title, alignment: .right, isUsual: isUsual, text: { value($0).map(format) ?? "?" },
      key: { value($0).map { .number($0) } ?? .unknown })
  }

  /// Text; `nil` is shown as `none`.
  static func text(
    _ name: String, _ title: String, isUsual: Bool = true, none: String = "?",
    _ value: @escaping @Sendable (Row) -> String?
  ) -> Field {
    Field(
      name: name, title: title, alignment: .left, isUsual: isUsual, text: { value($0) ?? none },
      key: { value($0).map { .text($0) } ?? .unknown })
  }
}

extension Field.Key {
  /// Does this come before `other`?
  func precedes(_ other: Self) -> Bool {
    switch (self, other) {
    case (.number(let one), .number(let two)): one > two
    case (.text(let one), .text(let two)): one < two
    case (.unknown, _): false
    case (_, .unknown): true
    default: false
    }
  }
}

/// The columns that rows of one kind can have.
struct Fields<Row>: Sendable {
  let all: [Field<Row>]

  func named(_ name: String, for option: String) throws -> Field<Row> {
    guard let field = all.first(where: { $0.name == name }) else {
      throw ValidationError(
        "The value '\(name)' is invalid for '\(option)': there are \(all.map(\.name).joined(separator: ", "))")
    }
    return field
  }

  /// The columns that `text` asks for: `ino,size`, or `+age` for the usual ones and more.
  func chosen(_ text: String?) throws -> [Field<Row>] {
    let usual = all.filter(\.isUsual)
    guard let text else { return usual }
    let names = text.split(scalar: ",", omittingEmptySubsequences: false)
    let isAddition = names.contains { $0.hasPrefix("+") }
    let fields = try names.map {
      try named(String($0.hasPrefix("+") ? $0.dropFirst() : $0), for: "--columns <columns>")
    }
    return isAddition ? usual + fields.filter { field in !usual.contains { $0.name == field.name } } : fields
  }

  func sorted(_ rows: [Row], by name: String?, isReversed: Bool) throws -> [Row] {
    guard let name else { return isReversed ? rows.reversed() : rows }
    let field = try named(name, for: "--sort <column>")
    // Rows that are equal stay in their order.
    let keyed = rows.enumerated().map { (key: field.key($0.element), index: $0.offset, row: $0.element) }
    let sorted = keyed.sorted { one, two in
      if one.key.precedes(two.key) { return true }
      return two.key.precedes(one.key) ? false : one.index < two.index
    }.map(\.row)
    return isReversed ? sorted.reversed() : sorted
  }

  func table(_ rows: [Row], _ fields: [Field<Row>]) -> Table {
    var table = Table(fields.map { Table.Column($0.title, $0.alignment) })
    table.rows = rows.map { row in fields.map { $0.text(row) } }
    return table
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// A column of `stat`, as the user types it.
enum StatColumn: String, CaseIterable {
  case ino, size, exporter, name, count, fds, maps, other, age, owner, devices, fences, references, sources, processes
  case heldBy = "held-by"
  case pid, command, user, unit, cgroup, buffers, share, syncs, syncobjs, limit, device
}

/// A column of one kind of rows.
struct Field<Row>: Sendable {
  /// The sort key of a row: numbers from the largest, text from A to Z. Unknown values come last.
  enum Key {
    case number(UInt64)
    case text(String)
    case unknown
  }

  let column: StatColumn
  let title: String
  let alignment: Table.Alignment
  /// Whether the column is shown by default.
  let isUsual: Bool
  let text: @Sendable (Row) -> String
  let key: @Sendable (Row) -> Key

  static func number(
    _ column: StatColumn, _ title: String, isUsual: Bool = true, _ value: @escaping @Sendable (Row) -> UInt64?,
    as format: @escaping @Sendable (UInt64) -> String = { "\($0)" }
  ) -> Field {
    Field(
      column: column, title: title, alignment: .right, isUsual: isUsual, text: { value($0).map(format) ?? "?" },
      key: { value($0).map { .number($0) } ?? .unknown })
  }

  /// A column of text. A `nil` value prints as `none`.
  static func text(
    _ column: StatColumn, _ title: String, isUsual: Bool = true, none: String = "?",
    _ value: @escaping @Sendable (Row) -> String?
  ) -> Field {
    Field(
      column: column, title: title, alignment: .left, isUsual: isUsual, text: { value($0) ?? none },
      key: { value($0).map { .text($0) } ?? .unknown })
  }
}

extension Field.Key {
  /// Whether the key comes before `other`.
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

/// The columns of one kind of rows.
struct Fields<Row>: Sendable {
  let all: [Field<Row>]

  var columns: ColumnNames {
    ColumnNames(all: all.map(\.column), usual: all.filter(\.isUsual).map(\.column))
  }

  func sorted(_ rows: [Row], by column: StatColumn?, isReversed: Bool) -> [Row] {
    guard let field = all.first(where: { $0.column == column }) else { return isReversed ? rows.reversed() : rows }
    // The sort is stable: equal rows keep their order.
    let keyed = rows.enumerated().map { (key: field.key($0.element), index: $0.offset, row: $0.element) }
    let sorted = keyed.sorted { one, two in
      if one.key.precedes(two.key) { return true }
      return two.key.precedes(one.key) ? false : one.index < two.index
    }.map(\.row)
    return isReversed ? sorted.reversed() : sorted
  }

  /// A table with these columns, or the default ones.
  func table(_ rows: [Row], _ columns: [StatColumn]?) -> Table {
    let fields = (columns ?? self.columns.usual).compactMap { column in all.first { $0.column == column } }
    var table = Table(fields.map { Table.Column($0.title, $0.alignment) })
    table.rows = rows.map { row in fields.map { $0.text(row) } }
    return table
  }
}

/// The names of the columns of one kind of rows, for parsing options.
struct ColumnNames {
  let all: [StatColumn]
  let usual: [StatColumn]

  func named(_ name: some StringProtocol, for option: String) throws -> StatColumn {
    guard let column = StatColumn(rawValue: String(name)), all.contains(column) else {
      throw ValidationError(
        "The value '\(name)' is invalid for '\(option)': the columns are \(all.map(\.rawValue).joined(separator: ", "))"
      )
    }
    return column
  }

  /// Parses `ino,size`, or `+age` to add columns to the default ones.
  func listed(_ text: String) throws -> [StatColumn] {
    let names = text.split(scalar: ",", omittingEmptySubsequences: false)
    let columns = try names.map {
      try named($0.hasPrefix("+") ? $0.dropFirst() : $0, for: "--columns <COLUMN,...>")
    }
    let isAddition = names.contains { $0.hasPrefix("+") }
    return isAddition ? usual + columns.filter { !usual.contains($0) } : columns
  }
}

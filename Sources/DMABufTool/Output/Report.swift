// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import FoundationEssentials

/// What a command found out: one plain value that is drawn as text or encoded as JSON. Drawing it
/// cannot reach the kernel.
protocol Report {
  /// The report for people, without a newline at its end.
  func text(style: Style) -> String
  /// One JSON document on one line, keys sorted.
  func json() throws -> String
  /// Prints that document.
  func printJSON() throws
}

extension Report {
  /// Prints the report in the form that was asked for.
  func print(asJSON: Bool) throws {
    if asJSON { return try printJSON() }
    let text = text(style: .standardOutput())
    if !text.isEmpty { try StandardStream.output.write(text + "\n") }
  }

  func printJSON() throws { try StandardStream.output.write(json() + "\n") }
}

extension Report where Self: Encodable {
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Escaping.json(String(decoding: try encoder.encode(self), as: UTF8.self))
  }
}

/// A value that may be unknown and is then `null`: the key itself is always there.
@propertyWrapper
struct Nullable<Value: Encodable>: Encodable {
  var wrappedValue: Value?

  init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}

extension Nullable: Decodable where Value: Decodable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
  }
}

extension Nullable: Equatable where Value: Equatable {}

extension KeyedDecodingContainer {
  /// What is missing in a document is unknown, as what is `null` there.
  func decode<Value: Decodable>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value> {
    try decodeIfPresent(type, forKey: key) ?? Nullable(wrappedValue: nil)
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import FoundationEssentials

/// The result of a command: a plain value that is printed as text or encoded as JSON. Printing makes no requests to the
/// kernel.
protocol Report {
  /// The report for people, without a newline at its end.
  func text(style: Style) -> String
  /// One JSON document on one line, keys sorted.
  func json() throws -> String
  func printJSON() throws
}

extension Report {
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

/// A value that is `null` when unknown. The key itself is always present.
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
  /// A key that is missing in a document is unknown, like `null`.
  func decode<Value: Decodable>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value> {
    try decodeIfPresent(type, forKey: key) ?? Nullable(wrappedValue: nil)
  }
}

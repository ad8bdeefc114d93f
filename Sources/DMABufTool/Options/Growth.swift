import ArgumentParser

/// How much more there may be after a while: `1M` of buffers, or `10` descriptors.
enum Growth: Equatable {
  case bytes(UInt64)
  /// Descriptors of buffers, and sync_files.
  case descriptors(Int)

  /// A bare number counts descriptors, one with a unit is a size.
  init(_ text: String) throws {
    if let number = Int(text), number >= 0 {
      self = .descriptors(number)
    } else {
      self = .bytes(UInt64(try ByteSize(text, atLeast: 0).bytes))
    }
  }

  func isExceeded(by totals: StatDifference.Totals) -> Bool {
    switch self {
    case .bytes(let limit): measure(totals) > Int64(clamping: limit)
    case .descriptors(let limit): measure(totals) > Int64(limit)
    }
  }

  /// What of it counts.
  func measure(_ totals: StatDifference.Totals) -> Int64 {
    switch self {
    case .bytes: totals.bytes
    case .descriptors: Int64(totals.descriptors)
    }
  }
}

extension Growth: Encodable {
  private enum CodingKeys: String, CodingKey {
    case bytes, descriptors
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .bytes(let limit): try container.encode(limit, forKey: .bytes)
    case .descriptors(let limit): try container.encode(limit, forKey: .descriptors)
    }
  }
}

extension Growth: CustomStringConvertible {
  var description: String {
    switch self {
    case .bytes(let limit): Units.size(limit)
    case .descriptors(let limit): "\(limit) descriptors"
    }
  }
}

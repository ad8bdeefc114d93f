// SPDX-License-Identifier: MIT
/// What a holder is asked: a version of the protocol and a verb, a byte each. Requests of the first holders were the verb
/// alone, which is version 0 here. To describe and to release mean the same in all versions, and text is no request.
struct HolderRequest: Equatable, Sendable {
  /// What to do.
  enum Verb: UInt8, Sendable {
    /// Answer with the description: `d`.
    case describe = 0x64
    /// The same, and the descriptor that the name stands for: `f`.
    case fetch = 0x66
    /// The same, and the descriptors of the companions: `a`.
    case fetchAll = 0x61
    /// Answer with the description after all is closed, and end: `r`.
    case release = 0x72
  }

  /// The version that this program speaks.
  static let ownVersion = 1
  /// Verbs are greater.
  static let lastVersion = 31

  let version: Int
  let verb: Verb

  /// Reads a packet; `nil` for what is no request.
  init?(_ bytes: some BidirectionalCollection<UInt8>) {
    guard let first = bytes.first, let last = bytes.last, let verb = Verb(rawValue: last) else { return nil }
    switch bytes.count {
    case 1: version = 0
    case 2 where (1...Self.lastVersion).contains(Int(first)): version = Int(first)
    default: return nil
    }
    // What descriptors of another version mean is unknown: their lack tells the client.
    let isUnknown = version > Self.ownVersion && (verb == .fetch || verb == .fetchAll)
    self.verb = isUnknown ? .describe : verb
  }
}

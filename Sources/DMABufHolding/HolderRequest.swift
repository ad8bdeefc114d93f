// SPDX-License-Identifier: MIT
/// A request to a holder: a version of the protocol and a verb, one byte each. The first holders used the verb alone,
/// which is version 0 here. `describe` and `release` have the same meaning in all versions. Text is never a valid
/// request.
struct HolderRequest: Equatable, Sendable {
  enum Verb: UInt8, Sendable {
    /// Answer with the description: `d`.
    case describe = 0x64
    /// Answer with the description and the descriptor of the name: `f`.
    case fetch = 0x66
    /// Answer with the description, the descriptor of the name and those of the companions: `a`.
    case fetchAll = 0x61
    /// Close all descriptors, answer with the description, and exit: `r`.
    case release = 0x72
  }

  /// The version of the protocol that this program uses.
  static let ownVersion = 1
  /// The highest possible version. Verbs are greater numbers.
  static let lastVersion = 31

  let version: Int
  let verb: Verb

  /// Parses a packet. Returns `nil` for an invalid request.
  init?(_ bytes: some BidirectionalCollection<UInt8>) {
    guard let first = bytes.first, let last = bytes.last, let verb = Verb(rawValue: last) else { return nil }
    switch bytes.count {
    case 1: version = 0
    case 2 where (1...Self.lastVersion).contains(Int(first)): version = Int(first)
    default: return nil
    }
    // The meaning of descriptors in a newer version is unknown. An answer without descriptors tells the client so.
    let isUnknown = version > Self.ownVersion && (verb == .fetch || verb == .fetchAll)
    self.verb = isUnknown ? .describe : verb
  }
}

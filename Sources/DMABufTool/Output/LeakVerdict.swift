// SPDX-License-Identifier: MIT
import DMABuf

/// The quantities that a leak test measures. An unknown quantity is `nil`.
struct LeakCounts: Equatable {
  private var counts: [GrowthLimit.Kind: Int64] = [:]

  subscript(kind: GrowthLimit.Kind) -> Int64? {
    get { counts[kind] }
    set { counts[kind] = newValue }
  }

  /// The minimum of both, for each quantity. A quantity that is unknown in one sample has the value of the other.
  func least(_ other: LeakCounts) -> LeakCounts {
    LeakCounts(counts: counts.merging(other.counts, uniquingKeysWith: min))
  }

  static func - (one: LeakCounts, two: LeakCounts) -> LeakCounts {
    var difference = LeakCounts()
    for kind in GrowthLimit.Kind.allCases {
      if let one = one[kind], let two = two[kind] { difference[kind] = one - two }
    }
    return difference
  }

  private init(counts: [GrowthLimit.Kind: Int64]) { self.counts = counts }
  init() {}
}

/// The result of a leak test: the growth, and the growth beyond the limit.
struct LeakVerdict: Encodable {
  /// New buffers that no process holds, grouped by the reference to them.
  struct Reference: Encodable {
    /// The attached device; `nil` for messages that were not received, and for unknown references.
    @Nullable var device: String?
    let kind: String
    let buffers: Int
    let bytes: UInt64
    let nodes: [String]
    /// The processes that have a node open, or have not received a message.
    let processes: [StatSnapshot.Holder]
  }

  /// The fences in the sync_files of a process.
  struct Fences: Encodable {
    let pid: Int32
    @Nullable var comm: String?
    @Nullable var driver: String?
    @Nullable var timeline: String?
    /// The number of sync_files that have such a fence, or whose fences are unknown.
    let files: Int
    let isKnown: Bool

    enum CodingKeys: String, CodingKey {
      case pid, comm, driver, timeline
      case files = "sync_files"
      case isKnown = "known"
    }
  }

  let limit: GrowthLimit
  let growth: LeakCounts
  /// The facts that are unknown, and that the result therefore does not cover.
  var unseen: [String] = []
  var references: [Reference] = []
  var fences: [Fences] = []

  var exceeded: [GrowthLimit.Kind] {
    GrowthLimit.Kind.allCases.filter { kind in growth[kind].map { $0 > limit.limit(of: kind) } ?? false }
  }

  var grown: [GrowthLimit.Kind] { GrowthLimit.Kind.allCases.filter { growth[$0] ?? 0 > 0 } }

  init(_ growth: LeakCounts, limit: GrowthLimit) {
    self.growth = growth
    self.limit = limit
  }

  private enum CodingKeys: String, CodingKey {
    case limit, growth, exceeded, unseen, references, fences
    case isKept = "ok"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let kinds = GrowthLimit.Kind.allCases
    try container.encode(
      Dictionary(uniqueKeysWithValues: kinds.map { ($0.rawValue, limit.limit(of: $0)) }), forKey: .limit)
    try container.encode(
      Dictionary(uniqueKeysWithValues: kinds.map { ($0.rawValue, Nullable(wrappedValue: growth[$0])) }),
      forKey: .growth
    )
    try container.encode(exceeded.map(\.rawValue), forKey: .exceeded)
    try container.encode(exceeded.isEmpty, forKey: .isKept)
    try container.encode(unseen, forKey: .unseen)
    try container.encode(references, forKey: .references)
    try container.encode(fences, forKey: .fences)
  }
}

// MARK: Text

extension LeakVerdict {
  /// The references to the new buffers, and the new fences, one line for each.
  var details: [String] {
    references.map { reference in
      let amount =
        "\(Units.count(reference.buffers, "new buffer")), \(Units.size(reference.bytes))"
      let names = reference.processes.map { Units.process($0.comm, $0.pid) }.joined(separator: " ")
      switch (reference.device, reference.kind) {
      case (let device?, _):
        let place = reference.nodes.joined(separator: " and ")
        let users = names.isEmpty ? "no process that can be read" : names
        return "\(amount) attached to \(escaped(device))"
          + (place.isEmpty ? "; the device has no known node" : "; \(escaped(place)) is open in \(users)")
      case (nil, "message"): return "\(amount) perhaps in messages not received by \(names)"
      default: return "\(amount) held by no process; the reference is unknown"
      }
    }
      + fences.map { fence in
        let owner = "\(Units.process(fence.comm, fence.pid)): \(Units.count(fence.files, "sync_file"))"
        guard fence.isKnown else { return owner + " of unknown timeline: the process may not be traced" }
        guard let driver = fence.driver, let timeline = fence.timeline else {
          return owner + " of unknown timeline: signalled, and this kernel no longer knows the name"
        }
        if driver == "stub", timeline == driver { return owner + " with a stub fence: no fence was pending" }
        return owner + " of driver \(escaped(driver)), timeline \(escaped(timeline))"
      }
  }

  /// The last line: the growth in `time`.
  func sentence(in time: String) -> String {
    let kinds = exceeded.isEmpty ? grown : exceeded
    let amounts = kinds.map { kind in
      "\(kind.amount(growth[kind] ?? 0)) (limit \(kind.number(limit.limit(of: kind))))"
    }
    let result: String
    if !exceeded.isEmpty {
      result = "growth in \(time): " + amounts.joined(separator: ", ")
    } else if !grown.isEmpty {
      result = "growth within the limits in \(time): " + amounts.joined(separator: ", ")
    } else {
      result = "no growth in \(time)"
    }
    return result + unseen.map { "; unknown: \($0)" }.joined()
  }

  private func escaped(_ text: String?) -> String { text.map { UntrustedText($0.utf8).escaped } ?? "?" }
}

extension GrowthLimit.Kind {
  fileprivate func number(_ count: Int64) -> String {
    self == .bytes ? Units.size(UInt64(clamping: count)) : "\(count)"
  }

  fileprivate func amount(_ count: Int64) -> String {
    let count = Int(count)
    return switch self {
    case .bytes: "+\(number(Int64(count))) of buffers"
    case .descriptors: "+\(Units.count(count, "descriptor")) of buffers"
    case .mappings: "+\(Units.count(count, "mapping"))"
    case .syncFiles: "+\(Units.count(count, "sync_file"))"
    case .syncObjects: "+\(Units.count(count, "syncobj"))"
    case .kernelHeld: "+\(Units.count(count, "buffer")) that no process holds"
    }
  }
}

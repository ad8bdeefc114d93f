// SPDX-License-Identifier: MIT
import DMABuf

/// The action on the companion descriptor of a held test fence that signals the fence.
public enum FenceTrigger: Equatable, Sendable {
  /// The companion is a ``SWSyncTimeline``, which must reach this value.
  case timeline(UInt32)
  /// The companion is a ``VGEM``, which must signal the fence with this number.
  case vgem(UInt32)

  /// The action and its number in the words of a holder process.
  var action: (name: Character, number: UInt32) {
    switch self {
    case .timeline(let value): ("i", value)
    case .vgem(let fence): ("v", fence)
    }
  }

  /// Parses the words of ``action``.
  init?(action: UInt8, _ number: UInt32) {
    switch action {
    case UInt8(ascii: "i"): self = .timeline(number)
    case UInt8(ascii: "v"): self = .vgem(number)
    default: return nil
    }
  }

  /// Parses the text of ``description``. Returns `nil` for any other text.
  init?(_ text: String) {
    let parts = text.split(scalar: ":")
    guard parts.count == 2, let number = UInt32(parts[1]) else { return nil }
    switch parts[0] {
    case "sw_sync": self = .timeline(number)
    case "vgem": self = .vgem(number)
    default: return nil
    }
  }
}

extension FenceTrigger: CustomStringConvertible {
  /// The driver and the number: `sw_sync:1`.
  public var description: String {
    switch self {
    case .timeline(let value): "sw_sync:\(value)"
    case .vgem(let fence): "vgem:\(fence)"
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf

/// What has to be done to the descriptor that is held beside a test fence for the fence to signal.
public enum FenceTrigger: Equatable, Sendable {
  /// It is a ``SWSyncTimeline``, which must reach this value.
  case timeline(UInt32)
  /// It is ``VGEM``, which must signal the fence of this number.
  case vgem(UInt32)

  /// For the holder, which does it by itself: the action, and its number.
  var action: (name: Character, number: UInt32) {
    switch self {
    case .timeline(let value): ("i", value)
    case .vgem(let fence): ("v", fence)
    }
  }

  /// Reads what ``action`` tells.
  init?(action: UInt8, _ number: UInt32) {
    switch action {
    case UInt8(ascii: "i"): self = .timeline(number)
    case UInt8(ascii: "v"): self = .vgem(number)
    default: return nil
    }
  }

  /// Reads what ``description`` has written; `nil` for anything else.
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
  /// The driver, and its number: `sw_sync:1`.
  public var description: String {
    switch self {
    case .timeline(let value): "sw_sync:\(value)"
    case .vgem(let fence): "vgem:\(fence)"
    }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
public import SystemPackage

/// A fence as the kernel reported it at one moment. A fence signals when work on a buffer is done.
///
/// Corresponds to `struct sync_fence_info`.
public struct Fence: Equatable, Sendable {
  /// The state of a fence.
  public enum Status: Equatable, Sendable {
    /// Pending: the work is not done.
    case active
    /// Signalled: the work is done.
    case signalled
    /// Failed, with the errno.
    case error(Errno)
  }

  /// The name of the driver that signals the fence; `nil` when the kernel does not report it. Since Linux 6.17 the
  /// kernel drops the names of signalled fences.
  public var driver: UntrustedText?
  /// The name of the driver's timeline; `nil` in the same case.
  public var timeline: UntrustedText?
  /// The fence's seqno on the timeline. It is known only for a single fence in a file whose name the kernel made.
  public var sequence: UInt64?
  /// The state of the fence.
  public var status: Status
  /// The time of the signal, in nanoseconds of ``Clock``; `nil` while the fence is pending.
  public var timestamp: UInt64?

  /// Creates a description of a fence.
  public init(
    driver: UntrustedText?, timeline: UntrustedText?, sequence: UInt64? = nil, status: Status,
    timestamp: UInt64? = nil
  ) {
    self.driver = driver
    self.timeline = timeline
    self.sequence = sequence
    self.status = status
    self.timestamp = timestamp
  }

  init(_ information: sync_fence_info) {
    status = Status(information.status)
    timestamp = status == .active || information.timestamp_ns == 0 ? nil : information.timestamp_ns
    let driver = UntrustedText(terminated: information.driver_name)
    let timeline = UntrustedText(terminated: information.obj_name)
    let isForgotten = status != .active && driver == Self.detachedDriver && timeline == Self.detachedTimeline
    self.driver = isForgotten ? nil : driver
    self.timeline = isForgotten ? nil : timeline
    sequence = nil
  }

  /// The names that Linux reports in place of dropped names.
  package static let detachedDriver = UntrustedText("detached-driver".utf8)
  static let detachedTimeline = UntrustedText("signaled-timeline".utf8)

  /// Whether this is the kernel's stub fence, which stands for «no fence», as far as this can be determined.
  var isStub: Bool {
    status == .signalled && (driver == nil || driver == UntrustedText("stub".utf8) && timeline == driver)
  }

  /// Returns this fence with unknown names and seqno filled in from `before`, which was read before the fence
  /// signalled.
  func remembering(_ before: Fence) -> Fence {
    var fence = self
    fence.driver = driver ?? before.driver
    fence.timeline = timeline ?? before.timeline
    fence.sequence = sequence ?? before.sequence
    return fence
  }

  /// Reads the seqno from the name that the kernel makes for a file with this one fence,
  /// `DRIVER-TIMELINECONTEXT-SEQNO`. Returns `nil` for a truncated name, or one that the kernel did not make.
  package func sequence(inFileName name: UntrustedText) -> UInt64? {
    guard let driver, let timeline, name.bytes.count < Self.longestName else { return nil }
    let prefix = driver.bytes + [UInt8(ascii: "-")] + timeline.bytes
    guard name.bytes.starts(with: prefix) else { return nil }
    let parts = String(decoding: name.bytes.dropFirst(prefix.count), as: UTF8.self)
      .split(scalar: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, UInt64(parts[0]) != nil else { return nil }
    return UInt64(parts[1])
  }

  /// The longest name that the kernel reports for files, drivers and timelines, in bytes.
  public static let longestName = 31
}

extension Fence.Status {
  /// Converts the kernel's number: 0 is pending, 1 is signalled, a negative number is an errno.
  package init(_ rawValue: Int32) {
    switch rawValue {
    case 0: self = .active
    case ..<0: self = .error(Errno(rawValue: -rawValue))
    default: self = .signalled
    }
  }
}

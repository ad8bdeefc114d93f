// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
public import SystemPackage

/// A fence as the kernel told it at one moment: somebody's promise to be done with something.
///
/// Corresponds to `struct sync_fence_info`.
public struct Fence: Equatable, Sendable {
  /// How far a fence is.
  public enum Status: Equatable, Sendable {
    /// Its work is not done.
    case active
    /// Its work is done.
    case signalled
    /// Its work has failed.
    case error(Errno)
  }

  /// The driver that will signal it, or has; `nil` when the kernel does not tell any more: since
  /// Linux 6.17 it forgets the names of fences that have signalled.
  public var driver: UntrustedText?
  /// The driver's timeline that it is on, likewise.
  public var timeline: UntrustedText?
  /// Its number on that timeline; known of fences that are alone in a file the kernel has named.
  public var sequence: UInt64?
  /// How far it is.
  public var status: Status
  /// When it signalled, in nanoseconds of ``Clock``; `nil` while it is active.
  public var timestamp: UInt64?

  /// Describes a fence.
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

  /// What Linux says instead of names that it has forgotten.
  static let detachedDriver = UntrustedText("detached-driver".utf8)
  static let detachedTimeline = UntrustedText("signaled-timeline".utf8)

  /// The kernel's stand-in for having no fence at all, as far as that can be told.
  var isStub: Bool {
    status == .signalled && (driver == nil || driver == UntrustedText("stub".utf8) && timeline == driver)
  }

  /// What this fence is called with what was known of it before it signalled.
  func remembering(_ before: Fence) -> Fence {
    var fence = self
    fence.driver = driver ?? before.driver
    fence.timeline = timeline ?? before.timeline
    fence.sequence = sequence ?? before.sequence
    return fence
  }

  /// Finds the number in the name that the kernel makes for a file with this one fence,
  /// `DRIVER-TIMELINECONTEXT-NUMBER`; `nil` in a name that is cut, or made by anybody else.
  package func sequence(inFileName name: UntrustedText) -> UInt64? {
    guard let driver, let timeline, name.bytes.count < Self.longestName else { return nil }
    let prefix = driver.bytes + [UInt8(ascii: "-")] + timeline.bytes
    guard name.bytes.starts(with: prefix) else { return nil }
    let parts = String(decoding: name.bytes.dropFirst(prefix.count), as: UTF8.self)
      .split(scalar: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, UInt64(parts[0]) != nil else { return nil }
    return UInt64(parts[1])
  }

  /// The longest name that the kernel tells of files, drivers and timelines, in bytes.
  public static let longestName = 31
}

extension Fence.Status {
  /// Reads the kernel's word: 0 active, 1 signalled, an errno below.
  package init(_ rawValue: Int32) {
    switch rawValue {
    case 0: self = .active
    case ..<0: self = .error(Errno(rawValue: -rawValue))
    default: self = .signalled
    }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// One promise of the kernel's dma-buf interfaces, and how to see whether it is kept.
public struct ConformanceCheck: Sendable {
  /// `C20`; stays the same for ever.
  public let id: String
  /// The promise.
  public let sentence: String
  /// What it is tried on.
  public let scope: Scope
  /// What else has to be there.
  public let needs: [Need]
  /// Beyond an own buffer: taints the kernel, stalls others, or takes long.
  public let isInvasive: Bool
  /// Changes a buffer that is given to it.
  let isDisturbing: Bool
  /// After which a check hangs; slow machines take long for none that does not.
  let seconds: UInt64
  let expectation: Expectation
  let body: @Sendable (CheckContext) throws -> String

  /// What checks are tried on, each in turn.
  public enum Scope: String, Sendable {
    /// Every source of buffers, or the buffer that was given.
    case buffer
    /// Every heap.
    case heap
    /// udmabuf.
    case udmabuf
    /// Every DRM device that does PRIME.
    case drm
    /// Every V4L2 device that streams.
    case v4l2
    /// The machine, once.
    case machine
  }

  /// Facilities beside the target.
  public enum Need: String, Sendable {
    /// A vgem device, for fences.
    case vgem
    /// The debugfs file that makes test fences.
    case swSync = "sw_sync"
    /// The kernel's list of buffers, in debugfs.
    case bufinfo
    /// Root.
    case root
    /// tracefs.
    case tracefs
    /// `/sys/kernel/dmabuf`.
    case sysfsStatistics = "sysfs-stats"
    /// BTF, and the right to load programs.
    case bpf
  }

  init(
    _ id: String, _ sentence: String, on scope: Scope = .buffer, needs: [Need] = [], expect: Expectation,
    invasive: Bool = false, disturbing: Bool = false, seconds: UInt64 = 60,
    _ body: @escaping @Sendable (CheckContext) throws -> String
  ) {
    self.id = id
    self.sentence = sentence
    self.scope = scope
    self.needs = needs
    isInvasive = invasive || needs.contains(.swSync) || needs.contains(.bufinfo)
    isDisturbing = disturbing
    self.seconds = seconds
    expectation = expect
    self.body = body
  }

  /// All checks, in the order of their ids.
  public static let all: [ConformanceCheck] =
    identity + identityCounts + mapping + mappingOfHeaps + synchronization + names + fences + pendingFences
    + fenceLists + syncFiles + testFences + heaps + udmabuf + prime + testDevice + v4l2 + listings + processes
    + iterators + tracing
}

/// What is expected, where kernels differ by version.
struct Expectation: Sendable, ExpressibleByStringLiteral {
  /// The newest kernel that these expectations were compared with.
  static let newestSeen = KernelVersion(7, 3)

  /// From each version on that was looked at; the last is how things are today.
  let steps: [(KernelVersion, String)]

  init(stringLiteral value: String) { steps = [(KernelVersion(0, 0), value)] }

  private init(steps: [(KernelVersion, String)]) { self.steps = steps }

  /// As found on Linux 6.1, 6.12 and 7.2.
  static func versions(_ first: String, _ second: String, _ third: String) -> Self {
    Self(steps: [(KernelVersion(6, 1), first), (KernelVersion(6, 12), second), (KernelVersion(7, 0), third)])
  }

  /// As found before `version`, and from then on.
  static func changed(in version: KernelVersion, from before: String, to after: String) -> Self {
    let last = KernelVersion(version.major, version.minor - 1)
    return Self(steps: [(last, before), (version, after)])
  }

  var today: String { steps[steps.count - 1].1 }

  /// Does every kernel that was looked at do the same? A later one that does not breaks the promise.
  var holdsForAll: Bool { steps.count == 1 }

  /// What `found` means on `kernel`.
  func verdict(on found: String, kernel: KernelVersion) -> ConformanceResult.Verdict {
    if accepted(on: kernel).contains(found) { return found == today ? .pass : .knownDifference }
    return kernel > Self.newestSeen && !holdsForAll ? .newDifference : .fail
  }

  /// What may be found on `kernel`: between two versions that were looked at, what either does.
  func accepted(on kernel: KernelVersion) -> [String] {
    let before = steps.last { $0.0 <= kernel } ?? steps[0]
    guard before.0 < kernel, let after = steps.first(where: { $0.0 > kernel }) else { return [before.1] }
    return before.1 == after.1 ? [before.1] : [before.1, after.1]
  }
}

/// A kernel's version as far as it matters here.
public struct KernelVersion: Comparable, Sendable, CustomStringConvertible {
  let major: Int
  let minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Reads `6.12.57+deb13-amd64`; 0.0 for what is no version.
  public init(release: String) {
    let numbers = release.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
    self.init(numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
  }

  /// The running kernel's; `uname(2)`.
  public static var running: KernelVersion {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return KernelVersion(0, 0) }
    return unsafe withUnsafeBytes(of: &names.release) {
      KernelVersion(release: unsafe String(decoding: $0, as: UTF8.self))
    }
  }

  /// The older one is less.
  public static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

  /// `6.12`.
  public var description: String { "\(major).\(minor)" }
}

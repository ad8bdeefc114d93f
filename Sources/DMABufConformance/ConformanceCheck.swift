// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABufHost
import Glibc

/// One documented property of the kernel's dma-buf interfaces, and the check of this property.
public struct ConformanceCheck: Sendable {
  /// The id, such as `C20`. It never changes.
  public let id: String
  /// The documented property.
  public let sentence: String
  /// The targets of the check.
  public let scope: Scope
  /// The facilities that the check needs in addition to the target.
  public let needs: [Need]
  /// Whether the check taints the kernel, stalls other processes, shows an image, or takes long.
  public let isInvasive: Bool
  /// Whether the check changes a buffer that the user named.
  let isDisturbing: Bool
  /// The time after which a check counts as hung. No check takes as long, even on slow machines.
  let seconds: UInt64
  let expectation: Expectation
  let body: @Sendable (CheckContext) throws -> String

  /// A kind of targets. The check runs on each of them.
  public enum Scope: String, Sendable {
    /// Every source of buffers, or the buffer that the user named.
    case buffer
    /// Every heap.
    case heap
    /// udmabuf.
    case udmabuf
    /// Every DRM device that supports PRIME.
    case drm
    /// Every V4L2 device that supports streaming.
    case v4l2
    /// The machine, once.
    case machine
  }

  /// Facilities that a check needs in addition to the target.
  public enum Need: String, Sendable {
    /// A vgem device, for fences.
    case vgem
    /// The debugfs file that creates test fences.
    case swSync = "sw_sync"
    /// The kernel's list of buffers, in debugfs.
    case bufinfo
    /// Root.
    case root
    /// tracefs.
    case tracefs
    /// `/sys/kernel/dmabuf`.
    case sysfsStatistics = "sysfs-stats"
    /// BTF, and the right to load BPF programs.
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
    + iterators + tracing + displays
}

/// The expected result, which may depend on the kernel's version.
struct Expectation: Sendable, ExpressibleByStringLiteral {
  /// The newest kernel on which these expectations were verified.
  static let newestSeen = KernelVersion(7, 3)

  /// The result from each verified version on. The last is the result of present kernels.
  let steps: [(KernelVersion, String)]

  init(stringLiteral value: String) { steps = [(KernelVersion(0, 0), value)] }

  private init(steps: [(KernelVersion, String)]) { self.steps = steps }

  /// The results from Linux 6.1, from 6.12, and from 7.0 on.
  static func versions(_ first: String, _ second: String, _ third: String) -> Self {
    Self(steps: [(KernelVersion(6, 1), first), (KernelVersion(6, 12), second), (KernelVersion(7, 0), third)])
  }

  /// The results before `version`, and from then on.
  static func changed(in version: KernelVersion, from before: String, to after: String) -> Self {
    let last = KernelVersion(version.major, version.minor - 1)
    return Self(steps: [(last, before), (version, after)])
  }

  var today: String { steps[steps.count - 1].1 }

  /// Whether all verified kernels have the same result. A different result on a later kernel then violates the
  /// property.
  var holdsForAll: Bool { steps.count == 1 }

  func verdict(on found: String, kernel: KernelVersion) -> ConformanceResult.Verdict {
    if accepted(on: kernel).contains(found) { return found == today ? .pass : .knownDifference }
    return kernel > Self.newestSeen && !holdsForAll ? .newDifference : .fail
  }

  /// The accepted results on `kernel`: between two verified versions, the results of both.
  func accepted(on kernel: KernelVersion) -> [String] {
    let before = steps.last { $0.0 <= kernel } ?? steps[0]
    guard before.0 < kernel, let after = steps.first(where: { $0.0 > kernel }) else { return [before.1] }
    return before.1 == after.1 ? [before.1] : [before.1, after.1]
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// What became of one check on one target.
public struct ConformanceResult: Sendable {
  /// The judgement.
  public enum Verdict: String, Encodable, Sendable {
    /// As today's kernels do.
    case pass
    /// Against what is documented.
    case fail
    /// Could not be tried.
    case skip
    /// As this version of the kernel is known to do, and others are not.
    case knownDifference = "known-difference"
    /// Not as expected, on a kernel that is newer than any the expectations were compared with, where kernels
    /// are known to differ.
    case newDifference = "new-difference"
  }

  /// The check.
  public let id: String
  /// The target's label: `heap:system`.
  public let target: String
  /// The judgement.
  public var verdict: Verdict
  /// What was expected; `nil` for a check that was not tried.
  public var expected: String?
  /// What was found; `nil` for a check that was not tried.
  public var found: String?
  /// Why it was skipped, or why a difference is known.
  public var reason: String?

  /// A judgement.
  public init(
    id: String, target: String, verdict: Verdict, expected: String? = nil, found: String? = nil, reason: String? = nil
  ) {
    self.id = id
    self.target = target
    self.verdict = verdict
    self.expected = expected
    self.found = found
    self.reason = reason
  }
}

extension ConformanceCheck {
  /// How far checks may go.
  public struct Permission: Sendable {
    /// Kernel taints, lists that stall others, and what takes seconds.
    public var invasive: Bool

    /// Says how far.
    public init(invasive: Bool) { self.invasive = invasive }
  }

  /// Tries the check on `target`, in a process of its own that is ended when it takes too long.
  ///
  /// Throws ``Interrupted`` when this process is asked to end, and what keeps a process from being started.
  public func run(
    on target: ConformanceTarget, kernel: KernelVersion, _ permission: Permission
  ) throws -> ConformanceResult {
    func result(_ verdict: ConformanceResult.Verdict, found: String? = nil, reason: String? = nil)
      -> ConformanceResult
    {
      let accepted = expectation.accepted(on: kernel).joined(separator: " | ")
      return ConformanceResult(
        id: id, target: target.label, verdict: verdict, expected: verdict == .skip ? nil : accepted, found: found,
        reason: reason)
    }
    if let reason = refusal(for: target, permission) { return result(.skip, reason: reason) }
    let outcome: ChildProcess.Outcome
    do {
      outcome = try attempt(on: target)
    } catch let error as KernelError where error.call == .mkdir {
      return result(.skip, reason: "\(error)")
    }
    switch outcome {
    case .timedOut:
      return result(.fail, found: "not finished within \(seconds) s")
    case .ended(bySignal: let signal):
      return result(.fail, found: "ended by signal \(signal)")
    case .output(let text) where text.hasPrefix("skip "):
      return result(.skip, reason: String(text.dropFirst(5)))
    case .output(let text):
      let found = String(text.dropFirst(6))
      let verdict = expectation.verdict(on: found, kernel: kernel)
      let reason: String? =
        switch verdict {
        case .knownDifference: "Linux \(kernel); later kernels: \(expectation.today)"
        case .newDifference:
          "Linux \(kernel) is newer than \(Expectation.newestSeen), the newest kernel with known results"
        case .pass, .fail, .skip: nil
        }
      return result(verdict, found: found, reason: reason)
    }
  }

  /// In a process of its own. A trace instance is the machine's, and has to go whatever ends that process.
  private func attempt(on target: ConformanceTarget) throws -> ChildProcess.Outcome {
    let time = seconds * 1_000_000_000
    guard needs.contains(.tracefs) else {
      return try ChildProcess.run(within: time) { observation(CheckContext(on: target)) }
    }
    let instance = try TraceInstance()
    let path = instance.path
    return try ChildProcess.run(within: time) { observation(CheckContext(on: target, traces: path)) }
  }

  private func refusal(for target: ConformanceTarget, _ permission: Permission) -> String? {
    if isInvasive && !permission.invasive { return "needs --invasive" }
    if case .given = target, isDisturbing && !permission.invasive {
      return "the check changes the buffer: needs --invasive"
    }
    for need in needs { if let reason = need.absence { return reason } }
    return nil
  }

  /// `found …` or `skip …`.
  private func observation(_ context: CheckContext) -> String {
    do {
      return "found " + (try body(context))
    } catch let skipped as CheckSkipped {
      return "skip \(skipped.reason)"
    } catch let refused as StepRefused where refused.answer.errno == ENOSYS {
      return "skip " + CallResult.absent(refused.call)
    } catch let error as KernelError where error.errno == .noFunction {
      return "skip " + CallResult.absent(error.call.name)
    } catch let refused as StepRefused {
      return "found \(refused.call): \(refused.answer)"
    } catch {
      return "found \(error)"
    }
  }
}

extension ConformanceCheck.Need {
  /// Why it cannot be had; `nil` if it can.
  var absence: String? {
    switch self {
    case .vgem: TestDevice.node == nil ? TestDevice.absence : nil
    case .swSync: access("/sys/kernel/debug/sync/sw_sync")
    case .bufinfo: access("/sys/kernel/debug/dma_buf/bufinfo")
    case .root: ProcessLimits.isRoot ? nil : "needs root"
    case .tracefs: access("/sys/kernel/tracing/events")
    case .sysfsStatistics: access("/sys/kernel/dmabuf/buffers")
    case .bpf: access("/sys/kernel/btf/vmlinux") ?? Self.root.absence
    }
  }

  private func access(_ path: String) -> String? {
    let answer = Raw.open(path, O_RDONLY)
    guard answer.isDone else { return "\(path): \(answer)" }
    close(answer.descriptor)
    return nil
  }
}

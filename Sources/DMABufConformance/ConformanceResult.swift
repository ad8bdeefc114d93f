// SPDX-License-Identifier: MIT
import DMABuf
public import DMABufHost
import Glibc
import SystemPackage

/// The result of one check on one target.
public struct ConformanceResult: Sendable {
  /// The verdict of a check.
  public enum Verdict: String, Encodable, Sendable {
    /// The result is that of present kernels.
    case pass
    /// The result violates the documentation.
    case fail
    /// The check could not run.
    case skip
    /// The result is known for this version of the kernel, but differs from other versions.
    case knownDifference = "known-difference"
    /// The result is unexpected on a kernel newer than all verified ones, for a property in which verified kernels
    /// differ.
    case newDifference = "new-difference"
  }

  /// The id of the check.
  public let id: String
  /// The target's label: `heap:system`.
  public let target: String
  /// The verdict.
  public var verdict: Verdict
  /// The expected result; `nil` for a skipped check.
  public var expected: String?
  /// The found result; `nil` for a skipped check.
  public var found: String?
  /// The reason why the check was skipped, or why a difference is known.
  public var reason: String?

  /// Creates a result.
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
  /// The permitted side effects of checks.
  public struct Permission: Sendable {
    /// Whether checks may taint the kernel, read lists that stall other processes, and take seconds.
    public var invasive: Bool

    /// Creates a permission.
    public init(invasive: Bool) { self.invasive = invasive }
  }

  /// Runs the check on `target` in its own process, which is killed after the check's time limit.
  ///
  /// Throws ``Interrupted`` when this process is asked to end, and the error when the process cannot be started.
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

  /// Runs the check in its own process. A trace instance belongs to the machine, and has to be removed however that
  /// process ends.
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

  /// Returns `found …` or `skip …`.
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
  /// The reason why the facility is missing; `nil` if it is present.
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

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import DMABufTrace
import SystemPackage

extension Trace {
  /// The source of events: BPF programs, or events of tracefs if the kernel refuses BPF programs.
  func source(forks: Bool = false) throws -> any TraceSource {
    let size = buffer?.bytes ?? 8 << 20
    let refusal: KernelError
    do throws(KernelError) {
      return try Tracer(bufferSize: size, forks: forks, stacks: leaks)
    } catch {
      guard TracefsTracer.replacesTracer(after: error) else { throw error }
      refusal = error
    }
    do throws(KernelError) {
      let tracer = try TracefsTracer(bufferSize: size, forks: forks)
      Diagnostics.say(words(tracer.scope, "\(refusal)"), hint: nil)
      return tracer
    } catch {
      throw Self.failure(refusal, error)
    }
  }

  /// What a trace through tracefs does not show.
  private func words(_ scope: TracefsTracer.Scope, _ refusal: String) -> String {
    switch scope {
    case .functions:
      let steps =
        "\(refusal); tracing with tracefs, which does not show \(Self.list([.send, .duplicate, .inherit, .retain]))"
      return leaks ? "\(steps), nor stacks" : steps
    case .tracepoints(let steps, let reason):
      let kernel =
        switch reason {
        case .noTypes: "this kernel has no BTF"
        case .noDynamicEvents: "\(refusal); this kernel has no events of kprobes"
        }
      return "\(kernel): only fences \(steps.isEmpty ? "" : "and the steps \(Self.list(steps)) ")are traced"
    }
  }

  /// `a, b and c`.
  private static func list(_ steps: [TraceEvent.Step]) -> String {
    let words = steps.map(\.rawValue)
    return words.dropLast().joined(separator: ", ") + (words.last.map { " and \($0)" } ?? "")
  }

  /// The error if neither source works: the refusal of BPF if this process lacks rights for both.
  private static func failure(_ refusal: KernelError, _ error: KernelError) -> any Error {
    if error.errno == .notSupported {
      return Failure(
        "\(refusal)", hint: "tracefs has process ids of the initial pid namespace; run dmabuf there")
    }
    guard isDenied(error) else { return error }
    let tracing = "/sys/kernel/tracing"
    guard isDenied(refusal) else {
      let owner = FilePermissions(tracing).map { "\(tracing) belongs to \($0); run as root" }
      return Failure("\(error)", hint: ProcessLimits.isRoot ? nil : owner)
    }
    let capabilities = Capability.missing([.bpf, .perfmon])
    let rights =
      capabilities.isEmpty ? "no" : "neither \(capabilities.joined(separator: " and ")) for BPF nor"
    return Failure("\(refusal)", hint: "this process has \(rights) write access to \(tracing); run as root")
  }

  private static func isDenied(_ error: KernelError) -> Bool {
    error.errno == .permissionDenied || error.errno == .notPermitted
  }
}

// SPDX-License-Identifier: MIT
import DMABuf

/// A right of a process. Corresponds to `capabilities(7)`.
package enum Capability: UInt64, Sendable {
  case perfmon = 38
  case bpf = 39

  /// The name in the kernel.
  package var name: String {
    switch self {
    case .perfmon: "CAP_PERFMON"
    case .bpf: "CAP_BPF"
    }
  }

  /// The names of those capabilities that this process does not have.
  package static func missing(_ wanted: [Capability]) -> [String] {
    let line = (SmallFile.text("/proc/self/status") ?? "").split(scalar: "\n").first { $0.hasPrefix("CapEff:") }
    let effective = line?.split(scalar: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
    return wanted.filter { effective >> $0.rawValue & 1 == 0 }.map(\.name)
  }
}

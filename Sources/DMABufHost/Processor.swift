// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
import SystemPackage

/// A processor of this machine.
package enum Processor {
  /// The highest number that is accepted. Kernels have fewer processors.
  package static let highestNumber = 65_535

  /// Binds this thread, and those it starts later, to one processor.
  ///
  /// Corresponds to `sched_setaffinity(2)`. Throws `EINVAL` when the processor does not exist, or when this process may
  /// not use it.
  package static func stay(on number: Int) throws(KernelError) {
    // An invalid number becomes the number of a processor that does not exist.
    guard cdmabuf_run_on_processor(UInt32(exactly: number) ?? UInt32(highestNumber) + 1) == 0 else {
      throw KernelError(.sched_setaffinity, on: "processor \(number)")
    }
  }

  /// The processors that this thread may use, as `/proc` lists them: `0-3,6`; `nil` if unknown.
  package static var allowed: String? {
    (SmallFile.text("/proc/thread-self/status") ?? "").split(scalar: "\n")
      .first { $0.hasPrefix("Cpus_allowed_list:") }
      .map { String($0.dropFirst("Cpus_allowed_list:".count).drop { $0 == "\t" || $0 == " " }) }
  }
}

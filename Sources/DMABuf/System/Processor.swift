internal import CDMABuf
import SystemPackage

/// A processor of this machine.
public enum Processor {
  /// The highest number that is accepted; kernels have fewer.
  public static let highestNumber = 65_535

  /// Keeps this thread, and those it starts later, on one processor.
  ///
  /// Corresponds to `sched_setaffinity(2)`. Throws `EINVAL` when there is no such processor, or this process may
  /// not use it.
  public static func stay(on number: Int) throws(KernelError) {
    let subject = "processor \(number)"
    guard 0...highestNumber ~= number else {
      throw KernelError("sched_setaffinity", on: subject, errno: .invalidArgument)
    }
    guard cdmabuf_run_on_processor(UInt32(number)) == 0 else { throw KernelError("sched_setaffinity", on: subject) }
  }

  /// The processors this thread may run on, as `/proc` lists them: `0-3,6`; `nil` when it does not tell.
  public static var allowed: String? {
    (SmallFile.text("/proc/thread-self/status") ?? "").split(scalar: "\n")
      .first { $0.hasPrefix("Cpus_allowed_list:") }
      .map { String($0.dropFirst("Cpus_allowed_list:".count).drop { $0 == "\t" || $0 == " " }) }
  }
}

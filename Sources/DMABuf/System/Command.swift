internal import CDMABuf
import Glibc

/// Running another program with descriptors handed to it on purpose.
public enum Command {
  /// Runs `arguments`, found through `PATH`, until it ends. It inherits the standard streams, the
  /// environment with `variables` set or, if `nil`, removed, what this process itself inherited, and of its own
  /// descriptors just `descriptors`, under the same numbers. Signals sent to this process meanwhile are passed on.
  ///
  /// - Returns: its exit status; 128 + N when signal N ended it.
  /// - Throws: `execvp`'s reason when it cannot be started.
  public static func run(
    _ arguments: [String], variables: [String: String?], descriptors: [CInt]
  ) throws(KernelError) -> CInt {
    let kept = environmentStrings().filter { entry in
      !variables.keys.contains { entry.hasPrefix($0 + "=") }
    }
    let environment = kept + variables.compactMap { name, value in value.map { "\(name)=\($0)" } }
    var argumentPointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var environmentPointers = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      unsafe (argumentPointers + environmentPointers).forEach { unsafe free($0) }
    }
    let status = unsafe cdmabuf_run(
      &argumentPointers, &environmentPointers, descriptors, descriptors.count)
    guard status != -1 else { throw KernelError("exec", on: arguments.first ?? "") }
    return cdmabuf_exit_status(status)
  }

  private static func environmentStrings() -> [String] {
    var strings: [String] = []
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      unsafe strings.append(String(cString: text))
      unsafe entry += 1
    }
    return strings
  }
}

internal import CDMABuf
package import DMABuf
import Glibc

/// Running another program with descriptors handed to it on purpose.
package enum Command {
  /// Runs `arguments`, found through `PATH`, until it ends. It inherits the standard streams, the
  /// environment with `variables` set or, if `nil`, removed, what this process itself inherited, and of its own
  /// descriptors just `descriptors`, under the same numbers. Signals sent to this process meanwhile are passed on.
  ///
  /// - Returns: its exit status; 128 + N when signal N ended it.
  /// - Throws: `execvp`'s reason when it cannot be started.
  package static func run(
    _ arguments: [String], variables: [String: String?], descriptors: [CInt]
  ) throws(KernelError) -> CInt {
    var argumentPointers = unsafe arguments.map { word in unsafe word.withSystemBytes { unsafe strdup($0) } } + [nil]
    let additions = unsafe variables.compactMap { name, value in
      unsafe value.map { value in unsafe "\(name)=\(value)".withSystemBytes { unsafe strdup($0) } }
    }
    defer { unsafe (argumentPointers + additions).forEach { unsafe free($0) } }
    var environmentPointers = unsafe environment(without: variables.keys) + additions + [nil]
    let status = unsafe cdmabuf_run(&argumentPointers, &environmentPointers, descriptors, descriptors.count)
    guard status != -1 else { throw KernelError(.exec, on: arguments.first ?? "") }
    return cdmabuf_exit_status(status)
  }

  /// This process's environment, bytes as they are, less these variables.
  private static func environment(
    without names: some Sequence<String>
  ) -> [UnsafeMutablePointer<CChar>?] {
    let prefixes = names.map { $0 + "=" }
    var kept = unsafe [UnsafeMutablePointer<CChar>?]()
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      let isReplaced = prefixes.contains { unsafe strncmp(text, $0, $0.utf8.count) == 0 }
      if !isReplaced { unsafe kept.append(text) }
      unsafe entry += 1
    }
    return unsafe kept
  }
}

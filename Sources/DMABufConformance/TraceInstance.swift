// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// A trace instance of this process. It belongs to the machine, so the process has to remove it. The next process
/// removes an instance that a killed process has left. So the name identifies the owner.
struct TraceInstance: ~Copyable {
  private static let directory = "/sys/kernel/tracing/instances"
  private static let prefix = "dmabuf-check-"

  let path: String

  /// Corresponds to `mkdir(2)` in tracefs.
  init() throws(KernelError) {
    Self.removeStale()
    path = "\(Self.directory)/\(Self.prefix)\(OwnerProcess.current.text(separator: "-"))"
    guard unsafe mkdir(path, 0o700) == 0 else { throw KernelError(.mkdir, on: path) }
  }

  deinit { _ = unsafe rmdir(path) }

  static func removeStale() {
    for name in (try? Directory(directory).names()) ?? [] where name.hasPrefix(prefix) {
      let owner = OwnerProcess(name.dropFirst(prefix.count), separator: "-")
      if owner?.hasEnded == true { _ = unsafe rmdir(directory + "/" + name) }
    }
  }
}

extension ConformanceCheck {
  /// Removes the trace instances that killed runs have left on the machine.
  public static func removeLeftovers() { TraceInstance.removeStale() }
}

// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// A process in the name of an object that outlives the process: its pid namespace, process id and start time. A later
/// process tells from the name whether the owner still runs.
package struct OwnerProcess: Equatable, Sendable {
  private let namespace: UInt64
  private let pid: Int32
  private let start: UInt64

  /// This process.
  package static var current: OwnerProcess {
    OwnerProcess(namespace: ownNamespace, pid: getpid(), start: start(of: getpid()) ?? 0)
  }

  private init(namespace: UInt64, pid: Int32, start: UInt64) {
    (self.namespace, self.pid, self.start) = (namespace, pid, start)
  }

  /// Parses ``text(separator:)``.
  package init?(_ text: some StringProtocol, separator: Unicode.Scalar) {
    let words = text.split(scalar: separator, omittingEmptySubsequences: false)
    guard words.count == 3, let namespace = UInt64(words[0]), let pid = Int32(words[1]), let start = UInt64(words[2])
    else { return nil }
    self.init(namespace: namespace, pid: pid, start: start)
  }

  /// The three numbers.
  package func text(separator: Unicode.Scalar) -> String {
    "\(namespace)\(separator)\(pid)\(separator)\(start)"
  }

  /// Whether the process has ended. Processes of other pid namespaces cannot be judged, and count as running.
  package var hasEnded: Bool {
    let own = Self.current
    guard namespace == own.namespace, own.start != 0 else { return false }
    return Self.start(of: pid) != start
  }

  /// The number of this pid namespace; 0 if unknown.
  private static var ownNamespace: UInt64 {
    var status = stat()
    return unsafe stat("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// The start time of a process, in the kernel's ticks; `nil` for a process that has ended.
  ///
  /// Corresponds to the 22nd field of `/proc/PID/stat`.
  private static func start(of process: Int32) -> UInt64? {
    let text = SmallFile.text("/proc/\(process)/stat") ?? ""
    guard let name = text.lastIndex(of: ")") else { return nil }
    let fields = text[name...].split(scalar: " ")
    return fields.count > 20 ? UInt64(fields[20]) : nil
  }
}

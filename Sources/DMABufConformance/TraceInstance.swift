// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

/// A trace instance of this process. It belongs to the machine, so the process has to remove it. The next process
/// removes an instance that a killed process has left. So the name identifies the owner: pid namespace, process id, and
/// start time.
struct TraceInstance: ~Copyable {
  private static let directory = "/sys/kernel/tracing/instances"
  private static let prefix = "dmabuf-check"

  let path: String

  /// Corresponds to `mkdir(2)` in tracefs.
  init() throws(KernelError) {
    Self.removeStale()
    path = "\(Self.directory)/\(Self.prefix)-\(Self.namespace)-\(getpid())-\(Self.start(of: getpid()) ?? 0)"
    guard unsafe mkdir(path, 0o700) == 0 else { throw KernelError(.mkdir, on: path) }
  }

  deinit { _ = unsafe rmdir(path) }

  static func removeStale() {
    for name in (try? Directory(directory).names()) ?? [] {
      let words = name.split(scalar: "-")
      guard words.count == 5, name.hasPrefix(prefix + "-"), words[2] == namespace, let process = Int32(words[3])
      else {
        continue
      }
      if start(of: process).map(String.init) != String(words[4]) { _ = unsafe rmdir(directory + "/" + name) }
    }
  }

  /// The number of this pid namespace.
  private static var namespace: String { (Raw.link("/proc/self/ns/pid") ?? "").filter(\.isNumber) }

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

extension ConformanceCheck {
  /// Removes the trace instances that killed runs have left on the machine.
  public static func removeLeftovers() { TraceInstance.removeStale() }
}

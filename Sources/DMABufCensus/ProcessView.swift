// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

extension Census {
  /// The reason why `/proc` may not list all processes of the machine.
  public enum HiddenProcesses: Equatable, Sendable {
    /// `/proc` shows a pid namespace other than the machine's initial one.
    case namespace
    /// `/proc` shows a pid namespace in which this process has no process id.
    case foreignNamespace
    /// `/proc` hides processes of other users; with its mount option if known.
    case option(String?)
  }
}

/// The processes of the machine that `/proc` shows to this process.
enum ProcessView {
  /// The reason why processes may be missing; `nil` if none is missing.
  ///
  /// Corresponds to `fs/proc/base.c` (`proc_pid_permission`) and `fs/nsfs.c`.
  static func hidden(root: String) -> Census.HiddenProcesses? {
    // A recorded tree does not depend on the process that reads it.
    guard root.isEmpty else { return nil }
    guard inode("/proc/self/stat") != nil else { return .foreignNamespace }
    // The first process of the mounted namespace is the best indicator, but only root may read its namespace.
    if let namespace = inode("/proc/1/ns/pid") ?? inode("/proc/self/ns/pid"), namespace != initialNamespace {
      return .namespace
    }
    // Each namespace has a first process, so a missing one is hidden.
    return inode("/proc/1") == nil ? .option(mountOption()) : nil
  }

  /// Whether this process is in the machine's initial pid namespace, whose ids the kernel's own lists use.
  static var isInitialNamespace: Bool {
    get throws(KernelError) {
      let path = "/proc/self/ns/pid"
      guard let namespace = inode(path) else { throw KernelError(.stat, on: path) }
      return namespace == initialNamespace
    }
  }

  private static let initialNamespace: UInt64 = 0xefff_fffc  // PROC_PID_INIT_INO, PID_NS_INIT_INO

  private static func inode(_ path: String) -> UInt64? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }

  /// The option `hidepid=…` of the last mount on `/proc`.
  private static func mountOption() -> String? {
    let mounts = (SmallFile.text("/proc/self/mountinfo") ?? "").split(scalar: "\n")
    // ID PARENT DEVICE ROOT POINT OPTIONS … - TYPE SOURCE OPTIONS
    let last = mounts.last { line in
      let fields = line.split(scalar: " ")
      return fields.count > 5 && fields[4] == "/proc"
    }
    let options = last?.split(scalar: " ").last?.split(scalar: ",")
    return options?.first { $0.hasPrefix("hidepid=") }.map { UntrustedText($0.utf8).escaped }
  }
}

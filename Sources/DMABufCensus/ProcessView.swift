// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

extension Census {
  /// Why `/proc` may lack processes of the machine.
  public enum HiddenProcesses: Equatable, Sendable {
    /// `/proc` shows the processes of a pid namespace that is not the machine's first.
    case namespace
    /// `/proc` shows a pid namespace in which this process has no number.
    case foreignNamespace
    /// `/proc` leaves out processes of other users; its mount option, where it is known.
    case option(String?)
  }
}

/// Which of the machine's processes `/proc` shows to this process.
enum ProcessView {
  /// Why some may be missing; `nil` if none is.
  ///
  /// Corresponds to `fs/proc/base.c` (`proc_pid_permission`) and `fs/nsfs.c`.
  static func hidden(root: String) -> Census.HiddenProcesses? {
    // A recorded tree tells nothing of who reads it.
    guard root.isEmpty else { return nil }
    guard inode("/proc/self/stat") != nil else { return .foreignNamespace }
    // The first process of what is mounted tells best, but only root may ask it.
    if let namespace = inode("/proc/1/ns/pid") ?? inode("/proc/self/ns/pid"), namespace != initialNamespace {
      return .namespace
    }
    // Each namespace has a first process.
    return inode("/proc/1") == nil ? .option(mountOption()) : nil
  }

  /// Is this process in the machine's first pid namespace, the one that the kernel's own lists mean?
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

  /// `hidepid=…` of what is mounted last on `/proc`.
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

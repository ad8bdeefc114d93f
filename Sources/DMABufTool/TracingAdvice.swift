// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// The reason why a process's descriptors cannot be duplicated.
enum TracingAdvice {
  /// The hint for `subject`, which is `PID:FD`.
  static func notPermitted(_ subject: String) -> String? {
    if ProcessLimits.isRoot { return nil }
    let pid = subject.utf8.prefix { $0 != UInt8(ascii: ":") }
    // In /proc, the files of a process that may not be traced, such as a set-user-ID program, belong to root.
    if let owner = FilePermissions("/proc/\(Substring(pid))"),
      owner.owner != Users.name(of: ProcessLimits.user) ?? "\(ProcessLimits.user)"
    {
      return
        "the process belongs to \(owner.owner); duplicating its descriptors needs the right to ptrace it: run as root"
    }
    return switch SmallFile.number(Facility.yama) {
    case 1?:
      "duplicating descriptors needs the right to ptrace the process; \(Facility.yama) is 1, which allows only its ancestors and root"
    case 2?:
      "duplicating descriptors needs the right to ptrace the process; \(Facility.yama) is 2, which allows only root"
    case 3?:
      "duplicating descriptors needs the right to ptrace the process; \(Facility.yama) is 3, which allows no process"
    default: nil
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufHost
import DMABufTrace
import SystemPackage

/// Facilities of the kernel: lists, test fences, access to other processes.
extension Facility {
  static let debugFS = "/sys/kernel/debug"

  static func swSync() -> Facility {
    Facility(.swSync, "sw_sync") {
      try probeDebugFile("sync/sw_sync", .readWrite)
      return "test fences; their use taints Linux 7 and later"
    }
  }

  static func bufinfo() -> Facility {
    let facility = Facility(.bufinfo, "bufinfo") {
      try probeDebugFile("dma_buf/bufinfo", .readOnly)
      return "the kernel's list of all buffers"
    }
    guard facility.state == .works else { return facility }
    do throws(CensusError) {
      try Census.probeDebugList()
      return facility
    } catch {
      guard case .format(let error) = error else { return Facility(.bufinfo, "bufinfo", .denied, "\(error)") }
      return switch error.reason {
      case .noInodes: Facility(.bufinfo, "bufinfo", .missing, listWithoutInodes)
      case .unknownText: Facility(.bufinfo, "bufinfo", .missing, unknownList)
      case .tooLong: Facility(.bufinfo, "bufinfo", .denied, "\(error)")
      }
    }
  }

  /// The reason why a readable list of buffers is not usable: without inode numbers its rows match no other source.
  static let listWithoutInodes = "bufinfo has no inode numbers before Linux 5.3"
  /// The reason why a readable list of buffers is not usable: its format is unknown.
  static let unknownList = "the text of bufinfo is in an unknown format"

  /// Opens a file of debugfs. The error distinguishes a missing file from a debugfs that is not mounted.
  private static func probeDebugFile(_ path: String, _ access: FileDescriptor.AccessMode) throws {
    do throws(KernelError) {
      _ = try OpenFile(debugFS + "/" + path, access.rawValue)
    } catch {
      guard error.errno == .noSuchFileOrDirectory, !Census.hasDebugFS else { throw error }
      throw Obstacle(.missing, "\(debugFS), which has no debugfs mounted: statfs: \(Errno.noSuchFileOrDirectory)")
    }
  }

  static func sysfsStatistics() -> Facility {
    Facility(.sysfsStatistics, "sysfs-stats") {
      _ = try Directory("/sys/kernel/dmabuf/buffers").names()
      return "sizes of all buffers, for all users"
    }
  }

  /// Probes the iterator over all buffers, and whether this user may load BPF programs.
  static func bpf() -> Facility {
    Facility(.bpf, "bpf-dmabuf-iter") {
      guard try KernelIterators.areKnownToKernel() else {
        throw Obstacle(.missing, "\(KernelIterators.types): bpf_iter__dmabuf: \(Errno.noSuchFileOrDirectory)")
      }
      try KernelIterators.probePermission()
      return "an iterator over all buffers"
    }
  }

  /// Probes what `trace` would show: with BPF programs, else with tracefs.
  static func trace() -> Facility {
    Facility(.trace, "trace") {
      do throws(KernelError) {
        try Tracer.probe()
        return "steps of buffers and fences"
      } catch {
        guard TracefsTracer.replacesTracer(after: error) else { throw error }
        return try traceWithTracefs(after: error)
      }
    }
  }

  private static func traceWithTracefs(after refusal: KernelError) throws(KernelError) -> String {
    let reason: TracefsTracer.Reason?
    do throws(KernelError) {
      reason = try TracefsTracer.probe()
    } catch {
      // Of a kernel without BTF, tracefs is what works.
      throw refusal.errno == .noSuchFileOrDirectory ? error : refusal
    }
    return switch reason {
    case nil: "steps of buffers and fences, with tracefs; \(refusal)"
    case .noTypes: "only fences; this kernel has no BTF"
    case .noDynamicEvents: "only fences; this kernel has no events of kprobes; \(refusal)"
    }
  }

  static let yama = "/proc/sys/kernel/yama/ptrace_scope"

  /// Probes with a process of this user that is not a child of the caller, which is the usual case of `PID:FD`.
  static func takingDescriptors() -> Facility {
    Facility(.takingDescriptors, "pidfd_getfd") {
      let parent = ProcessLimits.processID
      let outcome = try ChildProcess.run(within: 2_000_000_000) {
        do throws(KernelError) {
          _ = try OwnedDescriptor(takenFrom: parent, 2)
          return "ok"
        } catch {
          return "\(error.errno.rawValue)"
        }
      }
      guard case .output(let text) = outcome, text == "ok" else {
        guard case .output(let text) = outcome, let number = CInt(text) else {
          throw Obstacle(.denied, "child: pidfd_getfd: \(Errno.timedOut)")
        }
        let scope = SmallFile.number(yama).map { ", \(yama) is \($0)" } ?? ""
        let reason = "a process of this user that is no child\(scope): pidfd_getfd: \(Errno(rawValue: number))"
        switch Errno(rawValue: number) {
        case .notPermitted, .permissionDenied: throw Obstacle.privileged(reason)
        case .noFunction, .noSuchFileOrDirectory: throw Obstacle(.missing, reason)
        default: throw Obstacle(.denied, reason)
        }
      }
      return ProcessLimits.isRoot ? "from all processes" : "from processes of this user"
    }
  }

  /// Probes which processes' descriptors can be read in /proc.
  static func processes() -> Facility {
    Facility(.processes, "procfs") {
      let mounts = SmallFile.text("/proc/self/mounts") ?? ""
      let line = mounts.split(scalar: "\n").last { $0.contains(" /proc proc ") }
      let words = line?.split(scalar: " ").flatMap { $0.split(scalar: ",") } ?? []
      let hidden = words.first { $0.hasPrefix("hidepid=") && $0 != "hidepid=off" }
      guard let error = refusalToList("/proc/1/fd") else {
        return "descriptors of all processes" + (hidden.map { "; mounted with \($0)" } ?? "")
      }
      if ProcessLimits.isRoot { throw error }
      let mine = "only processes of this user can be read"
      if error.errno == .noSuchFileOrDirectory || hidden != nil {
        throw Obstacle.privileged(
          "/proc/1/fd (\(mine); /proc is mounted with \(hidden ?? "hidepid")): opendir: \(Errno.notPermitted)")
      }
      throw Obstacle.privileged("/proc/1/fd (\(mine)): opendir: \(Errno.permissionDenied)")
    }
  }

  private static func refusalToList(_ path: String) -> KernelError? {
    do throws(KernelError) {
      let directory = try Directory(path)
      _ = try directory.names()
      return nil
    } catch {
      return error
    }
  }
}

internal import CDMABuf
import Glibc
import SystemPackage

/// What the kernel tells and permits: listings, test fences, other processes.
extension Facility {
  static let debugFS = "/sys/kernel/debug"

  static func swSync() -> Facility {
    Facility(.swSync, "sw_sync") {
      _ = try debugFile("sync/sw_sync", O_RDWR)
      return "test fences; Linux 7 and later note their use as a taint of the kernel"
    }
  }

  static func bufinfo() -> Facility {
    let facility = Facility(.bufinfo, "bufinfo") {
      _ = try debugFile("dma_buf/bufinfo", O_RDONLY)
      return "the kernel's list of all buffers"
    }
    guard facility.state == .works else { return facility }
    do throws(KernelError) {
      try DebugBuffers.probe(root: "")
      return facility
    } catch {
      return switch error.errno {
      case .notSupported: Facility(.bufinfo, "bufinfo", .missing, listWithoutInodes)
      case .badMessage: Facility(.bufinfo, "bufinfo", .missing, unknownList)
      default: Facility(.bufinfo, "bufinfo", .denied, "\(error)")
      }
    }
  }

  /// Why a list of buffers that can be read is of no use: its rows cannot be joined with anything.
  public static let listWithoutInodes = "rows have no inode numbers before Linux 5.3"
  /// Why a list of buffers that can be read is of no use: it is not the text that is known.
  public static let unknownList = "the text of bufinfo is in an unknown format"

  /// Is debugfs mounted in its usual place?
  public static var hasDebugFS: Bool { unsafe cdmabuf_path_magic(debugFS) == 0x6462_6720 }

  /// Says whether it is the directory above that is closed, or debugfs that is not mounted.
  private static func debugFile(_ path: String, _ flags: CInt) throws -> OpenFile {
    do throws(KernelError) {
      return try OpenFile(debugFS + "/" + path, flags)
    } catch  where error.errno == .noSuchFileOrDirectory {
      guard hasDebugFS else {
        throw KernelError("statfs", on: debugFS + ", which has no debugfs mounted", errno: .noSuchFileOrDirectory)
      }
      throw error
    }
  }

  static func sysfsStatistics() -> Facility {
    Facility(.sysfsStatistics, "sysfs-stats") {
      _ = try Directory("/sys/kernel/dmabuf/buffers").names()
      return "sizes of all buffers, for everyone"
    }
  }

  /// Is there an iterator over all buffers, and may this user load programs?
  static func bpf() -> Facility {
    Facility(.bpf, "bpf-dmabuf-iter") {
      let types = try SmallFile.read("/sys/kernel/btf/vmlinux", limit: 1 << 26)
      let isThere = unsafe types.withUnsafeBytes { bytes in
        unsafe cdmabuf_find(bytes.baseAddress, bytes.count, "bpf_iter__dmabuf") != nil
      }
      guard isThere else {
        throw KernelError("bpf_iter__dmabuf", on: "/sys/kernel/btf/vmlinux", errno: .noSuchFileOrDirectory)
      }
      var attributes = Argument(16)
      // BPF_BTF_GET_NEXT_ID wants what loading an iterator wants.
      let answer = unsafe attributes.withPointer { unsafe Answer(cdmabuf_bpf(23, $0, 16)) }
      if !answer.isDone && answer.errno != ENOENT {
        throw KernelError("bpf", on: "BPF_BTF_GET_NEXT_ID", errno: .init(rawValue: answer.errno))
      }
      return "an iterator over all buffers"
    }
  }

  static let yama = "/proc/sys/kernel/yama/ptrace_scope"

  /// A process of this user that is no child of the taker, which is what `PID:FD` mostly means.
  static func takingDescriptors() -> Facility {
    Facility(.takingDescriptors, "pidfd_getfd") {
      let parent = getpid()
      let outcome = try Apart.run(within: 2_000_000_000) {
        do throws(KernelError) {
          _ = try OwnedDescriptor(takenFrom: parent, 2)
          return "ok"
        } catch {
          return "\(error.errno.rawValue)"
        }
      }
      guard case .said(let text) = outcome, text == "ok" else {
        guard case .said(let text) = outcome, let number = CInt(text) else {
          throw KernelError("pidfd_getfd", on: "child", errno: .timedOut)
        }
        let scope = SmallFile.number(yama).map { ", \(yama) is \($0)" } ?? ""
        throw KernelError(
          "pidfd_getfd", on: "a process of this user that is no child\(scope)", errno: .init(rawValue: number))
      }
      return ProcessLimits.isRoot ? "from all processes" : "from processes of this user"
    }
  }

  /// Whose descriptors can be read in /proc.
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
        throw KernelError(
          "opendir", on: "/proc/1/fd (\(mine); /proc is mounted with \(hidden ?? "hidepid"))", errno: .notPermitted)
      }
      throw KernelError("opendir", on: "/proc/1/fd (\(mine))", errno: .permissionDenied)
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

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufConformance
import DMABufDisplay
import DMABufExercise
import DMABufHolding
import DMABufHost
import SystemPackage

/// Hints for errors: one line that says what to do next, with the value that caused the error.
enum Advice {
  static func status(for error: any Error) -> ExitStatus {
    switch error {
    case let error as KernelError: status(for: error)
    case let failure as Failure: failure.status
    case is TimedOut: .timedOut
    case is NoDriver, is NoCMAHeap, is NoSuchDevice, is NoSyncObjects: .missing
    case let error as DisplayError: error.isOfMachine ? .missing : .failed
    case CensusError.refused(let error): status(for: error)
    case CensusError.noProcesses(let path): isOfMachine(path) ? .missing : .failed
    default: .failed
    }
  }

  static func status(for error: KernelError) -> ExitStatus {
    switch (error.call, error.errno) {
    case (.open, .noSuchFileOrDirectory), (.open, .noSuchAddressOrDevice), (.open, .operationNotSupportedByDevice):
      isOfMachine(error.subject) ? .missing : .failed
    case (_, .notSupportedOnSocket) where error.call.isOfSyncObjects: .missing
    default: .failed
    }
  }

  /// Whether the path is a file that shows what the machine has.
  private static func isOfMachine(_ path: String) -> Bool { path.hasPrefix("/dev/") || path.hasPrefix("/sys/") }

  static func hint(for error: any Error) -> String? {
    switch error {
    case let error as KernelError: hint(for: error)
    case let error as TimedOut: hint(for: error)
    case let error as CensusError: hint(for: error)
    case let error as DisplayError: DeviceAdvice.hint(for: error)
    case let error as CommitRefused: DeviceAdvice.hint(for: error)
    case let error as TruncatedMessage: error.lacksDescriptors ? descriptorLimit : nil
    case let error as StreamEnded: error.reason == .deviceGone ? DeviceAdvice.gone : nil
    case RuntimeDirectoryError.notSocket: "the file at this path is not a socket; remove the file"
    case let error as NoDriver: KernelModule(error.name).absence
    case is NoCMAHeap: absentHeap(DMAHeap.directory)
    default: nil
    }
  }

  private static func hint(for error: TimedOut) -> String? {
    switch error.call {
    case .DMA_BUF_IOCTL_SYNC: "a device or a process has not signalled its fence on this buffer yet"
    case .VIDIOC_DQBUF: DeviceAdvice.noFrame(error.subject)
    default: nil
    }
  }

  private static func hint(for error: CensusError) -> String? {
    switch error {
    case .refused(let error): hint(for: error)
    case .otherNamespace: "the kernel lists process ids of the initial pid namespace; run dmabuf there"
    case .format(let error):
      switch error.reason {
      case .noInodes: Facility.listWithoutInodes
      case .unknownText:
        "the file is in an unknown format; the buffers before the unknown line are listed; please report the file"
      case .tooLong: nil
      }
    case .noProcesses(let path): absent(path)
    case .noSuchProcess, .noIterator, .interrupted: nil
    }
  }

  private static var descriptorLimit: String {
    "this process may have \(ProcessLimits.openFiles) descriptors (ulimit -n)"
  }

  static func hint(for error: KernelError) -> String? {
    switch (error.call, error.errno) {
    case (.open, .permissionDenied): denied(error.subject)
    case (.open, .noSuchFileOrDirectory): absent(error.subject)
    case (.BPF_PROG_LOAD, .notPermitted) where !ProcessLimits.isRoot:
      "loading programs into the kernel needs root, or CAP_BPF and CAP_PERFMON"
    case (_, .tooManyOpenFiles): descriptorLimit
    case (.fallocate, .noSpace) where error.subject == "hugetlb memfd",
      (.fallocate, .noMemory) where error.subject == "hugetlb memfd":
      "the pool of huge pages is exhausted; /sys/kernel/mm/hugepages/*/nr_hugepages sets its size"
    // Memory in ordinary pages is never refused so.
    case (.memfd_create, .operationNotSupportedByDevice): MemoryAdvice.hugePageSizes
    case (.ftruncate, .invalidArgument) where error.subject == "memfd",
      (.ftruncate, .fileTooLarge) where error.subject == "memfd":
      "no file can be that large"
    case (.DMA_HEAP_IOCTL_ALLOC, .noMemory):
      MemoryAdvice.cmaHeap(error.subject).map { MemoryAdvice.cma($0, wanted: nil) }
    case (.connect, .noSuchFileOrDirectory):
      FilePermissions(error.subject) == nil
        ? "no process listens there yet; use --listen to create the socket on this side" : nil
    case (.connect, .connectionRefused):
      FilePermissions(error.subject)?.isSocket == true
        ? "no process listens there any more; use --listen to create the socket on this side"
        : "\(error.subject) is not a socket"
    case (.pidfd_getfd, .notPermitted): TracingAdvice.notPermitted(error.subject)
    case (.pidfd_getfd, .badFileDescriptor): "the process does not have this descriptor, or has closed it"
    case (.F_DUPFD_CLOEXEC, .badFileDescriptor):
      "pass the descriptor to the command: dmabuf ... 3<FILE, or dmabuf alloc SIZE -- COMMAND"
    case (.pidfd_open, .noSuchProcess): "the process does not exist, or has ended"
    case (.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, .inappropriateIOCTLForDevice),
      (.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, .inappropriateIOCTLForDevice):
      "this request needs Linux 6.0 with CONFIG_SYNC_FILE"
    case (.SYNC_IOC_SET_DEADLINE, .inappropriateIOCTLForDevice): "deadlines need Linux 6.4"
    case (.DRM_IOCTL_VGEM_FENCE_ATTACH, .resourceBusy):
      "vgem attaches a fence only if no conflicting fence is pending; dmabuf fence info REF lists the pending fences"
    case (.DRM_IOCTL_VGEM_FENCE_SIGNAL, .timedOut):
      "vgem signals its fences by itself, ten seconds after they are created"
    case (.DRM_IOCTL_VGEM_FENCE_SIGNAL, .noSuchFileOrDirectory): "the fence has already signalled"
    case (.DRM_IOCTL_SYNCOBJ_EVENTFD, .invalidArgument) where KernelVersion.running < KernelVersion(release: "6.6"):
      "waiting for a fence that is not yet submitted needs Linux 6.6"
    case (_, .notSupportedOnSocket) where error.call.isOfSyncObjects:
      "no DRM driver of this machine has timelines (DRM_CAP_SYNCOBJ_TIMELINE)"
    default: DeviceAdvice.hint(for: error)
    }
  }

  static func hint(for error: WrongKind) -> String? {
    switch (error.kind, error.wanted) {
    case (_, .syncObject): "use dmabuf fence create --syncobj DEVICE to create a syncobj"
    case (.memfd, _): "UDMABUF_CREATE exports a memfd as a dma-buf; use dmabuf alloc SIZE --from udmabuf"
    case (.syncFile, _): "a sync_file is a fence without memory"
    case (.dmaBuffer, _): "use dmabuf fence export to export a sync_file from a buffer"
    case (.syncObject, _): "use dmabuf fence export --syncobj to export a sync_file from a syncobj"
    default: nil
    }
  }

  static func hint(for error: HolderError) -> String? {
    switch error {
    case .nameTaken: "use --replace to release its holder first; dmabuf held lists the holders"
    case .nothingHeld(let name): held(insteadOf: name)
    case .otherVersion(let name, _): "use dmabuf release \(name) to end the holder"
    case .otherUser, .malformedAnswer: nil
    }
  }

  /// The hint for a runtime directory that does not belong to the user.
  static func notPrivate(_ path: String) -> String? {
    FilePermissions(path).map { "\(path) belongs to \($0); it must belong to you and have mode 0700" }
  }

  /// The hint for a name that is not held: lists the held names.
  static func held(insteadOf name: HeldName) -> String? {
    if let number = Int32("\(name)"), (try? OwnedDescriptor(duplicating: number)) != nil {
      return "descriptor \(number) of this process is fd:\(number)"
    }
    guard let names = (try? Holding.all())?.map({ "\($0.name)" }) else { return nil }
    return names.isEmpty
      ? "nothing is held; use --hold NAME with alloc, export, import, receive or fence"
      : "these names are held: " + names.joined(separator: ", ")
  }

  /// The reason why `/proc` does not list all processes.
  static func reason(for hidden: Census.HiddenProcesses) -> String {
    switch hidden {
    case .namespace: "/proc lists the processes of one pid namespace, not of the whole machine"
    case .foreignNamespace: "/proc belongs to a pid namespace that this process is not in"
    case .option(let option?): "/proc is mounted with \(option), which hides processes of other users"
    case .option(nil): "/proc hides processes of other users"
    }
  }

  /// The number of processes that could not be read, and what would help.
  static func unreadable(_ refused: [KernelError]) -> String {
    "\(Units.count(refused.count, "process", "processes")) cannot be read "
      + (ProcessLimits.isRoot
        ? "even by root: this is a container, or a security module denies it"
        : "by this user; run as root to read all processes")
  }

  static var testDevices: String? {
    let names = ["vgem", "vivid"].filter { !KernelModule($0).isPresent && KernelModule($0).isLoadable ?? true }
    return names.isEmpty ? nil : "modprobe " + names.joined(separator: " and ") + " creates test devices"
  }

  private static func denied(_ path: String) -> String? {
    if ProcessLimits.isRoot { return nil }
    if path.utf8.starts(with: debugfs.utf8), (FilePermissions(debugfs)?.mode ?? 0) & 0o005 == 0 {
      return "only root can read debugfs; run as root"
    }
    // If the mode allows everybody, something else denies access.
    guard let permissions = FilePermissions(path), permissions.mode & 0o006 != 0o006 else { return nil }
    return "\(path) belongs to \(permissions); run as root"
      + (permissions.mode & 0o060 == 0 ? "" : ", or join its group")
  }

  private static func absent(_ path: String) -> String? {
    if path.utf8.starts(with: DMAHeap.directory.utf8) { return absentHeap(path) }
    if path.utf8.starts(with: "/dev/dri/".utf8) || path.utf8.starts(with: "/dev/video".utf8) {
      return "dmabuf devices lists the devices of this machine"
    }
    if path == "/proc/self" { return "mount -t proc proc /proc" }
    if path.utf8.starts(with: debugfs.utf8), !Census.hasDebugFS {
      return "debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug"
    }
    let tracing = "/sys/kernel/tracing"
    if path.utf8.starts(with: "\(tracing)/".utf8), FilePermissions(tracing) != nil {
      return "tracefs is not mounted: mount -t tracefs tracefs \(tracing)"
    }
    switch path {
    case SWSyncTimeline.node:
      return "sw_sync needs a kernel with CONFIG_SW_SYNC; fence create --vgem does not need it"
    case "/sys/kernel/debug/dma_buf/bufinfo": return "this kernel has no dma-bufs (CONFIG_DMA_SHARED_BUFFER)"
    case "/sys/kernel/btf/vmlinux": return "this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)"
    case "/sys/kernel/dmabuf/buffers" where FilePermissions("/sys/kernel") != nil:
      return "this kernel has no dma-buf statistics (CONFIG_DMABUF_SYSFS_STATS, removed in Linux 7)"
    case UDMABuf.node: return KernelModule("udmabuf").absence
    default: return nil
    }
  }

  private static func absentHeap(_ path: String) -> String? {
    guard let names = try? DMAHeap.names() else { return nil }
    if names.isEmpty { return "this kernel has no dma-heaps (CONFIG_DMABUF_HEAPS)" }
    if DMAHeap.cmaNames.contains(where: { path == "\(DMAHeap.directory)/\($0)" }),
      let name = try? BufferSource.cmaHeapName()
    {
      return "use heap:cma; the CMA heap of this machine is called \(UntrustedText(name.utf8).escaped)"
    }
    return "the heaps of this machine are " + names.map { UntrustedText($0.utf8).escaped }.joined(separator: ", ")
  }

  private static let debugfs = "/sys/kernel/debug/"
}

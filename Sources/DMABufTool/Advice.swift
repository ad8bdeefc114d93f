import DMABuf
import SystemPackage

/// What to do about a refusal: one line, with the value that caused it.
enum Advice {
  /// The exit status a refusal ends the command with.
  static func status(for error: KernelError) -> ExitStatus {
    switch (error.call, error.errno) {
    case ("open", .noSuchFileOrDirectory), ("open", .noSuchAddressOrDevice), ("open", .operationNotSupportedByDevice):
      error.subject.hasPrefix("/dev/") || error.subject.hasPrefix("/sys/") ? .missing : .failed
    case ("DRM_CAP_SYNCOBJ", _): .missing
    case (_, .notSupportedOnSocket) where error.call.hasPrefix("DRM_IOCTL_SYNCOBJ_"): .missing
    case ("DMA_BUF_IOCTL_SYNC", .timedOut), ("VIDIOC_DQBUF", .timedOut), ("poll", .timedOut), ("connect", .timedOut):
      .timedOut
    default: .failed
    }
  }

  static func hint(for error: KernelError) -> String? {
    switch (error.call, error.errno) {
    case ("open", .permissionDenied): denied(error.subject)
    case ("open", .noSuchFileOrDirectory): absent(error.subject)
    case ("BPF_PROG_LOAD", .notPermitted): "loading programs into the kernel needs root, or CAP_BPF and CAP_PERFMON"
    case ("stat", .notSupported): "process ids of the kernel are not those of this pid namespace"
    case ("read", .notSupported) where error.subject.hasSuffix("/bufinfo"):
      Facility.listWithoutInodes
    case ("read", .badMessage): "the kernel's text ended, or went on, in an unknown way; what came before is shown"
    case (_, .tooManyOpenFiles):
      "this process may have \(ProcessLimits.openFiles) descriptors (ulimit -n)"
    case ("fallocate", .noSpace), ("fallocate", .noMemory):
      "the pool of huge pages is exhausted; /sys/kernel/mm/hugepages/*/nr_hugepages sets its size"
    case ("ftruncate", .invalidArgument), ("ftruncate", .fileTooLarge):
      "no file can be that large"
    case ("DMA_HEAP_IOCTL_ALLOC", .noMemory):
      MemoryInformation().contiguousTotal == nil ? nil : contiguousMemory()
    case ("open", .notPermitted), ("open", .notDirectory), ("open", .tooManySymbolicLinkLevels):
      "the directory of what is held must belong to you and have mode 0700; \(error.subject) does not"
    case ("connect", .noSuchFileOrDirectory), ("connect", .connectionRefused):
      "nobody listens there (yet); with --listen this side makes the socket"
    case ("connect", .notSocket): "something else is in the place of its socket"
    case ("pidfd_getfd", .notPermitted): notPermitted(error.subject)
    case ("pidfd_getfd", .badFileDescriptor): "the process has no such descriptor (any more)"
    case ("fcntl(F_DUPFD_CLOEXEC)", .badFileDescriptor):
      "descriptors are inherited from the caller: dmabuf … 3<…, or dmabuf alloc … -- COMMAND"
    case ("pidfd_open", .noSuchProcess): "there is no such process (any more)"
    case ("DMA_BUF_IOCTL_SYNC", .timedOut):
      "a device or a process has not signalled its fence on this buffer yet"
    case ("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", .inappropriateIOCTLForDevice),
      ("DMA_BUF_IOCTL_IMPORT_SYNC_FILE", .inappropriateIOCTLForDevice):
      "that needs Linux 6.0 with CONFIG_SYNC_FILE"
    case ("SYNC_IOC_SET_DEADLINE", .inappropriateIOCTLForDevice): "deadlines came with Linux 6.4"
    case ("DRM_IOCTL_VGEM_FENCE_ATTACH", .resourceBusy):
      "vgem attaches no fence that would have to wait for one that is pending; dmabuf fence info shows which"
    case ("DRM_IOCTL_VGEM_FENCE_SIGNAL", .timedOut): "it signalled by itself, ten seconds after it was made"
    case ("DRM_IOCTL_VGEM_FENCE_SIGNAL", .noSuchFileOrDirectory): "it has signalled already"
    case ("open", .operationNotSupportedByDevice) where error.subject == "/dev/dri": "modprobe vgem"
    case ("DRM_CAP_SYNCOBJ", _): "no device's driver has syncobjs; GPUs' have, and since Linux 6.6 virtio_gpu"
    case ("DRM_IOCTL_SYNCOBJ_EVENTFD", .invalidArgument): "waiting for a fence that is still to come needs Linux 6.6"
    case (_, .notSupportedOnSocket) where error.call.hasPrefix("DRM_IOCTL_SYNCOBJ_"):
      "the drivers here have no timelines (DRM_CAP_SYNCOBJ_TIMELINE)"
    default: DeviceAdvice.hint(for: error)
    }
  }

  static func hint(for error: WrongKind) -> String? {
    switch (error.kind, error.wanted) {
    case (_, .syncObject): "dmabuf fence create --syncobj makes a syncobj"
    case (.memfd, _): "udmabuf makes dma-bufs out of memfds"
    case (.syncFile, _): "a sync_file is a fence without memory"
    case (.dmaBuffer, _): "dmabuf fence export takes a sync_file from a buffer"
    case (.syncObject, _): "dmabuf fence export --syncobj takes a sync_file from a syncobj"
    default: nil
    }
  }

  /// What there is, for who asked for something else.
  static func held(insteadOf name: HeldName) -> String {
    if let number = Int32("\(name)") { return "descriptor \(number) of this process is fd:\(number)" }
    let names = ((try? Holding.all()) ?? []).map { "\($0.name)" }
    return names.isEmpty
      ? "nothing is held; --hold NAME keeps what a command makes" : "held are " + names.joined(separator: ", ")
  }

  /// Why `/proc` lacks processes.
  static func reason(for hidden: Census.HiddenProcesses) -> String {
    switch hidden {
    case .namespace: "/proc shows the processes of one pid namespace, not of the whole machine"
    case .foreignNamespace: "/proc shows a pid namespace that this process is not in"
    case .option(let option?): "/proc is mounted with \(option), which hides processes of other users"
    case .option(nil): "/proc hides processes of other users"
    }
  }

  /// Processes that could not be looked at: how many, and what would help.
  static func unreadable(_ refused: [KernelError]) -> String {
    "\(refused.count) process\(refused.count == 1 ? "" : "es") may not be read "
      + (ProcessLimits.isRoot ? "even by root here (a container, or a security module)" : "by this user; root may")
  }

  private static func denied(_ path: String) -> String? {
    if path.hasPrefix(debugfs) { return "debugfs is for root alone" }
    guard let permissions = FilePermissions(path) else { return nil }
    return "\(path) belongs to \(permissions); run as root, or get access through its group"
  }

  private static func absent(_ path: String) -> String? {
    if path.hasPrefix(Heap.directory) {
      let names = (try? Heap.names()) ?? []
      return names.isEmpty
        ? "this kernel has no dma-heaps (CONFIG_DMABUF_HEAPS)"
        : "the heaps here are " + names.map { UntrustedText($0.utf8).escaped }.joined(separator: ", ")
    }
    if path.hasPrefix("/dev/dri/") || path.hasPrefix("/dev/video") { return "dmabuf devices lists those there are" }
    if path == SoftwareTimeline.node {
      return "this needs a kernel with CONFIG_SW_SYNC, and debugfs mounted; fence create --vgem needs neither"
    }
    if path.hasPrefix(debugfs) {
      return "mount -t debugfs debugfs /sys/kernel/debug, on a kernel with CONFIG_DEBUG_FS and dma-bufs"
    }
    if path == "/sys/kernel/btf/vmlinux" { return "this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)" }
    if path == "/proc/self" { return "mount -t proc proc /proc" }
    if path == "/sys/kernel/dmabuf/buffers" {
      return "this kernel keeps no statistics of dma-bufs (CONFIG_DMABUF_SYSFS_STATS, gone in Linux 7)"
    }
    if path == UserMemory.node { return "modprobe udmabuf, or a kernel with CONFIG_UDMABUF" }
    return nil
  }

  private static let debugfs = "/sys/kernel/debug/"

  private static func contiguousMemory() -> String {
    let memory = MemoryInformation()
    let free = memory.contiguousFree.map(Units.size) ?? "unknown"
    let total = memory.contiguousTotal.map(Units.size) ?? "unknown"
    return "CMA has \(free) free of \(total), perhaps not in one piece (CmaFree, CmaTotal in /proc/meminfo)"
  }

  private static func notPermitted(_ subject: String) -> String {
    if ProcessLimits.isRoot { return "a container or a security module keeps even root from taking its descriptors" }
    let file = "/proc/sys/kernel/yama/ptrace_scope"
    if let scope = SmallFile.number(file), scope > 0 {
      return
        "taking descriptors needs the right to ptrace the process; \(file) is \(scope), so only its ancestors and root may"
    }
    return "taking descriptors needs the right to ptrace the process: the same user, or root"
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding
import DMABufHost

/// Families of systems with the same remedies.
enum Platform: Sendable {
  case debian, fedora, android, other

  /// The platform of this machine, according to `/etc/os-release` below `root`.
  static func current(root: String = "") -> Platform {
    if FilePermissions(root + "/system/build.prop") != nil { return .android }
    let lines = (SmallFile.text(root + "/etc/os-release") ?? "").split(scalar: "\n")
    let words = lines.filter { $0.hasPrefix("ID=") || $0.hasPrefix("ID_LIKE=") }
      .flatMap { $0.drop { $0 != "=" }.dropFirst().split { $0 == " " || $0 == "\"" || $0 == "'" } }.map(String.init)
    if words.contains(where: ["debian", "ubuntu", "raspbian"].contains) { return .debian }
    if words.contains(where: ["fedora", "rhel", "centos"].contains) { return .fedora }
    return .other
  }
}

/// The step that makes a facility work.
enum Remedy {
  static func step(for facility: Facility, on platform: Platform) -> String {
    switch facility.state {
    case .missing: missing(facility, platform)
    case .works: ""
    case .denied, .rootOnly: refused(facility, platform)
    }
  }

  private static func missing(_ facility: Facility, _ platform: Platform) -> String {
    switch facility.kind {
    case .heap: kernel("CONFIG_DMABUF_HEAPS and CONFIG_DMABUF_HEAPS_SYSTEM", "Linux 6.12", platform)
    case .cmaHeap: kernel("CONFIG_DMABUF_HEAPS_CMA", nil, platform) + ", and boot it with cma=64M"
    case .udmabuf:
      platform == .android
        ? kernel("CONFIG_UDMABUF", nil, platform)
        : KernelModule("udmabuf").isLoadable == false
          ? "use a kernel with CONFIG_UDMABUF" : "run modprobe udmabuf, or use a kernel with CONFIG_UDMABUF"
    case .drm: "load the driver of a GPU; modprobe vgem creates a test device"
    case .v4l2: "load the driver of a camera; modprobe vivid creates a test device"
    case .swSync: "use a kernel with CONFIG_SW_SYNC, and debugfs mounted; vgem also creates test fences"
    case .bufinfo where facility.reason == Facility.listWithoutInodes: "use Linux 5.3 or later"
    case .bufinfo where facility.reason == Facility.unknownList:
      "report the first lines of the file to the authors of dmabuf"
    case .bufinfo: "run mount -t debugfs debugfs /sys/kernel/debug, or use a kernel with CONFIG_DEBUG_FS"
    case .sysfsStatistics: "use a kernel before Linux 7 with CONFIG_DMABUF_SYSFS_STATS; bpf-dmabuf-iter replaces it"
    case .bpf: "use Linux 6.16 or later with CONFIG_DEBUG_INFO_BTF"
    case .trace:
      "use a kernel with CONFIG_DEBUG_INFO_BTF and CONFIG_BPF_SYSCALL, or run mount -t tracefs tracefs /sys/kernel/tracing"
    case .cma: "use a kernel with CONFIG_DMA_CMA, and boot it with cma=64M"
    case .sharing: "enable one source of buffers: a heap, udmabuf, or a DRM or V4L2 device"
    case .takingDescriptors: "use Linux 5.6 or later"
    case .processes, .memory, .openFiles, .holding: "mount -t proc proc /proc"
    }
  }

  /// Debian's kernels have the heaps from a known version on. On Android the vendor decides.
  private static func kernel(_ options: String, _ debian: String?, _ platform: Platform) -> String {
    switch platform {
    case .android: "use a kernel of the vendor with \(options)"
    case .debian where debian != nil:
      "use a kernel with \(options), such as Debian's from \(debian ?? "") (backports)"
    default: "use a kernel with \(options)"
    }
  }

  private static func refused(_ facility: Facility, _ platform: Platform) -> String {
    switch facility.kind {
    case .heap, .cmaHeap:
      access(platform, group: "video", rule: heapRule)
    case .udmabuf: access(platform, group: "kvm", rule: udmabufRule)
    case .drm: member("render and video", platform)
    case .v4l2: member("video", platform)
    case .swSync, .bufinfo:
      "run as root; mount -o remount,mode=755 /sys/kernel/debug allows all users"
    case .sysfsStatistics: "run as root"
    case .bpf, .trace: "run as root, or with CAP_BPF and CAP_PERFMON (setcap cap_bpf,cap_perfmon+ep)"
    case .takingDescriptors: "run as root, or sysctl kernel.yama.ptrace_scope=0"
    case .processes: "run as root, or with CAP_SYS_PTRACE; mount /proc without hidepid"
    case .memory: "end processes, or raise memory.max of the cgroup"
    case .cma: "release CMA buffers (dmabuf stat --by process), or boot with a larger cma="
    case .openFiles:
      "raise the limit: ulimit -n 4096" + (platform == .android ? "" : ", or LimitNOFILE= of the service")
    case .sharing: "see the sources of buffers above"
    case .holding: "run chmod 700 \(Holding.directory), or set XDG_RUNTIME_DIR to a directory of this user"
    }
  }

  /// Rules for udev, the same as in dmabuf-doctor(1).
  static let heapRule = #"SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660""#
  static let udmabufRule = #"SUBSYSTEM=="misc", KERNEL=="udmabuf", TAG+="uaccess""#

  private static func access(_ platform: Platform, group: String, rule: String) -> String {
    switch platform {
    case .android: "add an SELinux rule and a line in ueventd.rc for the node; only privileged services have access"
    case .debian, .fedora, .other:
      "add a udev rule to /etc/udev/rules.d/70-dmabuf.rules: \(rule); then udevadm trigger"
        + (rule.contains("uaccess") ? " and log in at the seat" : ", usermod -aG \(group) USER and log in again")
    }
  }

  private static func member(_ groups: String, _ platform: Platform) -> String {
    switch platform {
    case .android: "add an SELinux rule for the node, or use the allocator service"
    case .debian: "add USER to the groups \(groups) with adduser, and log in again"
    case .fedora, .other: "usermod -aG \(groups.replacing(" and ", with: ",")) USER, and log in again"
    }
  }
}

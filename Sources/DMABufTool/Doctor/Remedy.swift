// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding
import DMABufHost

/// The step that makes a facility work.
enum Remedy {
  static func step(for facility: Facility, on machine: Machine) -> String {
    switch facility.state {
    case .missing: missing(facility, machine)
    case .works: ""
    case .denied, .rootOnly: refused(facility, machine)
    }
  }

  private static func missing(_ facility: Facility, _ machine: Machine) -> String {
    switch facility.kind {
    case .heap: kernel("CONFIG_DMABUF_HEAPS and CONFIG_DMABUF_HEAPS_SYSTEM", machine) + heapsOfDebian(machine)
    case .cmaHeap: kernel("CONFIG_DMABUF_HEAPS_CMA", machine) + ", and boot it with cma=64M"
    case .udmabuf:
      machine.platform == .android
        ? kernel("CONFIG_UDMABUF", machine)
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

  /// On Android the vendor decides what a kernel has.
  private static func kernel(_ options: String, _ machine: Machine) -> String {
    "use a kernel " + (machine.platform == .android ? "of the vendor " : "") + "with \(options)"
  }

  /// Which of Debian's kernels have heaps, as far as this is known.
  private static func heapsOfDebian(_ machine: Machine) -> String {
    switch (machine.platform, machine.architecture) {
    case (.debian, "x86_64"): ", such as Debian's from Linux 6.12 (backports)"
    case (.debian, "aarch64"): "; Debian's kernels for arm64 have no heaps, up to Linux 7.3"
    default: ""
    }
  }

  private static func refused(_ facility: Facility, _ machine: Machine) -> String {
    switch facility.kind {
    case .heap, .cmaHeap: access(facility, "dma_heap", ["dmaheap", "video", "render"], machine)
    case .udmabuf: udmabuf(facility, machine)
    case .drm: access(facility, "drm", ["video", "render"], machine)
    case .v4l2: access(facility, "video4linux", ["video"], machine)
    case .swSync, .bufinfo:
      "run as root; mount -o remount,mode=755 /sys/kernel/debug allows all users"
    case .sysfsStatistics: "run as root"
    case .bpf, .trace: "run as root, or with CAP_BPF and CAP_PERFMON (setcap cap_bpf,cap_perfmon+ep)"
    case .takingDescriptors: "run as root, or sysctl kernel.yama.ptrace_scope=0"
    case .processes: "run as root, or with CAP_SYS_PTRACE; mount /proc without hidepid"
    case .memory: "end processes, or raise memory.max of the cgroup"
    case .cma: "release CMA buffers (dmabuf stat --by process), or boot with a larger cma="
    case .openFiles:
      "raise the limit: ulimit -n 4096" + (machine.platform == .android ? "" : ", or LimitNOFILE= of the service")
    case .sharing: "see the sources of buffers above"
    case .holding: "run chmod 700 \(Holding.directory), or set XDG_RUNTIME_DIR to a directory of this user"
    }
  }

  /// Rules for udev, the same as in dmabuf-doctor(1).
  static func rule(_ subsystem: String, group: String) -> String {
    #"SUBSYSTEM=="\#(subsystem)", GROUP="\#(group)", MODE="0660""#
  }
  static let udmabufRule = #"SUBSYSTEM=="misc", KERNEL=="udmabuf", TAG+="uaccess""#

  /// The step for a node that refuses the user. The group is that of the node, or the first of `groups` that the machine
  /// has: boards differ in the groups of their heaps, and udev has no rule for them.
  private static func access(
    _ facility: Facility, _ subsystem: String, _ groups: [String], _ machine: Machine
  ) -> String {
    if let step = withoutRule(facility, machine) { return step }
    let group = groups.first(where: machine.groups.contains)
    return (group == nil ? "groupadd --system \(groups[0]), " : "")
      + added(rule(subsystem, group: group ?? groups[0]))
      + ", \(member(group ?? groups[0], machine))"
  }

  /// The same for udmabuf. Its memory belongs to the process and counts against its limits, so systemd gives the node to
  /// the user at the seat, but no heap.
  private static func udmabuf(_ facility: Facility, _ machine: Machine) -> String {
    if machine.platform != .android, !machine.isRoot, facility.node != nil, machine.seatHasUDMABuf {
      return "log in at the seat" + (withoutRule(facility, machine).map { ", or \($0)" } ?? "")
    }
    return withoutRule(facility, machine) ?? added(udmabufRule) + " and log in at the seat"
  }

  /// The step that needs no rule for udev; `nil` if only a rule helps.
  private static func withoutRule(_ facility: Facility, _ machine: Machine) -> String? {
    if machine.platform == .android {
      return "add an SELinux rule and a line in ueventd.rc for the node; only privileged services have access"
    }
    guard let node = facility.node else { return "see dmabuf-troubleshooting(7)" }
    if machine.isRoot || node.mode & 0o006 == 0o006 {
      return "allow the node in the container, or in the policy of SELinux or AppArmor"
    }
    let isOpenToGroup = node.group != "root" && node.mode & 0o060 == 0o060 && machine.groups.contains(node.group)
    return isOpenToGroup ? member(node.group, machine) : nil
  }

  private static func added(_ rule: String) -> String {
    "add a udev rule to /etc/udev/rules.d/70-dmabuf.rules: \(rule); then udevadm trigger"
  }

  private static func member(_ group: String, _ machine: Machine) -> String {
    machine.platform == .debian
      ? "add USER to the group \(group) with adduser, and log in again"
      : "usermod -aG \(group) USER, and log in again"
  }
}

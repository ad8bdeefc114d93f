// SPDX-License-Identifier: MIT
import Testing

@testable import DMABufHost
@testable import DMABufTool

/// The remedies of `dmabuf doctor` on different machines.
@Suite("Remedies")
struct RemedyTests {
  static func machine(
    _ platform: Platform = .debian, _ architecture: String = "aarch64", groups: Set<String> = ["root", "video"],
    isRoot: Bool = false, seatHasUDMABuf: Bool = false
  ) -> Machine {
    Machine(
      isRoot: isRoot, platform: platform, architecture: architecture, groups: groups, seatHasUDMABuf: seatHasUDMABuf)
  }

  /// The remedy for a node that refuses the user.
  static func step(_ kind: Facility.Kind, _ group: String, _ mode: UInt32, on machine: Machine) -> String {
    let node = FilePermissions(owner: "root", group: group, mode: mode, isSocket: false)
    return Remedy.step(for: Facility(kind, "node", .denied, node: node), on: machine)
  }

  @Test(
    "Debian's kernels are a remedy only on processors for which they have heaps",
    arguments: [
      (Platform.debian, "x86_64", ", such as Debian's from Linux 6.12 (backports)"),
      (.debian, "aarch64", "; Debian's kernels for arm64 have no heaps, up to Linux 7.3"),
      (.debian, "riscv64", ""), (.fedora, "x86_64", ""), (.other, "aarch64", ""),
    ])
  func kernels(_ platform: Platform, _ architecture: String, _ end: String) {
    let step = Remedy.step(for: Facility(.heap, "heap:system", .missing), on: Self.machine(platform, architecture))
    #expect(step == "use a kernel with CONFIG_DMABUF_HEAPS and CONFIG_DMABUF_HEAPS_SYSTEM" + end)
  }

  @Test(
    "A node that a group may use needs no rule", arguments: ["dmaheap", "video", "render", "camera"],
    [Facility.Kind.heap, .drm, .v4l2, .udmabuf])
  func members(_ group: String, _ kind: Facility.Kind) {
    #expect(
      Self.step(kind, group, 0o660, on: Self.machine(groups: ["root", "video", group]))
        == "add USER to the group \(group) with adduser, and log in again")
  }

  @Test(
    "The rule for heaps names a group of the machine, if there is one",
    arguments: [
      (["root", "video", "dmaheap"], "", "dmaheap"), (["render", "video"], "", "video"), (["render"], "", "render"),
      (["root"], "groupadd --system dmaheap, ", "dmaheap"),
    ] as [(Set<String>, String, String)])
  func groups(_ groups: Set<String>, _ start: String, _ group: String) {
    let rule = #"SUBSYSTEM=="dma_heap", GROUP="\#(group)", MODE="0660""#
    // Neither root's group nor one without a name is a remedy.
    for (own, mode) in [("root", 0o600), ("root", 0o660), ("44", 0o660)] as [(String, UInt32)] {
      #expect(
        Self.step(.heap, own, mode, on: Self.machine(.other, groups: groups))
          == "\(start)add a udev rule to /etc/udev/rules.d/70-dmabuf.rules: \(rule); then udevadm trigger, "
          + "usermod -aG \(group) USER, and log in again")
    }
  }

  @Test("udmabuf is for the user at the seat where udev has the rule, and for the members of its group")
  func seat() {
    let rule = "add a udev rule to /etc/udev/rules.d/70-dmabuf.rules: \(Remedy.udmabufRule); then udevadm trigger"
    let group = "add USER to the group kvm with adduser, and log in again"
    for (seat, groups, step) in [
      (true, ["kvm"], "log in at the seat, or \(group)"), (true, ["root"], "log in at the seat"),
      (false, ["kvm"], group),
      (false, ["root"], "\(rule) and log in at the seat"),
    ] as [(Bool, Set<String>, String)] {
      #expect(Self.step(.udmabuf, "kvm", 0o660, on: Self.machine(groups: groups, seatHasUDMABuf: seat)) == step)
    }
  }

  @Test("If the permissions allow the user, the remedy is not a group")
  func policy() {
    let step = "allow the node in the container, or in the policy of SELinux or AppArmor"
    #expect(Self.step(.heap, "video", 0o660, on: Self.machine(isRoot: true)) == step)
    #expect(Self.step(.udmabuf, "kvm", 0o660, on: Self.machine(isRoot: true, seatHasUDMABuf: true)) == step)
    #expect(Self.step(.heap, "video", 0o666, on: Self.machine()) == step)
    let exhausted = Facility(.heap, "heap:linux,cma", .denied, "Cannot allocate memory")
    #expect(Remedy.step(for: exhausted, on: Self.machine()) == "see dmabuf-troubleshooting(7)")
  }
}

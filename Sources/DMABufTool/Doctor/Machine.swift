// SPDX-License-Identifier: MIT
import DMABuf
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

/// What the remedies depend on.
struct Machine: Sendable {
  let isRoot: Bool
  let platform: Platform
  /// The kernel's name of the processor, such as `x86_64` or `aarch64`.
  let architecture: String
  /// The names of `/etc/group`.
  let groups: Set<String>
  /// Whether udev gives `/dev/udmabuf` to the user at the seat, as systemd's rules do from 257 on.
  let seatHasUDMABuf: Bool

  /// This machine, according to the files below `root`.
  static func current(root: String = "") -> Machine {
    Machine(
      isRoot: ProcessLimits.isRoot, platform: .current(root: root), architecture: KernelVersion.architecture,
      groups: Users.groupNames(root: root),
      seatHasUDMABuf: ["70-uaccess.rules", "70-dmabuf.rules"].contains { file in
        // udev reads a file of rules in the first of these directories that has it.
        let places = ["etc", "run", "usr/local/lib", "usr/lib", "lib"].lazy.map {
          "\(root)/\($0)/udev/rules.d/\(file)"
        }
        let text = places.compactMap { SmallFile.text($0) }.first ?? ""
        return text.split(scalar: "\n").contains {
          !$0.hasPrefix("#") && $0.contains(#"KERNEL=="udmabuf""#) && $0.contains("uaccess")
        }
      })
  }
}

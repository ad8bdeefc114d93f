// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// A driver that may be built into the kernel, loaded as a module, or absent.
package struct KernelModule: Sendable {
  /// The name, with underscores.
  package let name: String
  private let root: String

  /// Creates the driver with this name, searched below `root`.
  package init(_ name: String, root: String = "") {
    self.name = name
    self.root = root
  }

  /// Whether the driver is built in or loaded.
  package var isPresent: Bool {
    let places = ["module", "bus/platform/drivers", "devices/platform", "devices/faux"]
    return places.contains { FilePermissions("\(root)/sys/\($0)/\(name)") != nil }
      || lines("/proc/modules").contains { $0.starts(with: "\(name) ".utf8) }
      || isListed("modules.builtin") == true
  }

  /// Whether modprobe(8) can load the driver; `nil` if no file lists the modules.
  package var isLoadable: Bool? { isDenied ? false : isListed("modules.dep") }

  /// Whether a configuration of modprobe(8) runs another command instead of loading the driver.
  private var isDenied: Bool {
    let folders = ["/etc/modprobe.d", "/run/modprobe.d", "/lib/modprobe.d"]
    return folders.contains { folder in
      ((try? Directory(root + folder).names()) ?? []).contains { file in
        lines("\(folder)/\(file)").contains { $0.starts(with: "install \(name) ".utf8) }
      }
    }
  }

  private func isListed(_ list: String) -> Bool? {
    guard let release = SmallFile.text(root + "/proc/sys/kernel/osrelease"),
      let bytes = try? SmallFile.read("\(root)/lib/modules/\(release)/\(list)", limit: 1 << 26)
    else { return nil }
    return bytes.firstRange(of: Array("/\(name).ko".utf8)) != nil
  }

  private func lines(_ path: String) -> [ArraySlice<UInt8>] {
    ((try? SmallFile.read(root + path)) ?? []).split(separator: UInt8(ascii: "\n"))
  }

  /// The reason why the driver is absent, and the remedy; `nil` when the driver is present.
  package var absence: String? {
    if isPresent { return nil }
    return switch isLoadable {
    case true?, nil: "\(name) is not loaded: modprobe \(name)"
    case false? where isDenied: "\(name) is not loaded, and a file in modprobe.d denies loading it"
    case false?: "this kernel was built without \(name)"
    }
  }
}

// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// The names of the exporters of this machine.
public enum Exporters {
  /// The names that are known without a buffer, sorted: heaps, and exporters with device nodes.
  public static var names: [String] {
    var names = (try? DMAHeap.names()) ?? []
    if exists("/dev/dri") { names.append("drm") }
    if exists("/dev/udmabuf") { names.append("udmabuf") }
    return names.sorted()
  }

  /// Whether a buffer of this exporter can exist. Most exporters have the name of their kernel module.
  public static func mayExist(_ name: UntrustedText) -> Bool {
    let text = name.string
    if names.contains(text) || text.hasPrefix("videobuf2_") && exists("/sys/class/video4linux") { return true }
    return !text.isEmpty && !text.hasSlash && !text.hasPrefix(".") && exists("/sys/module/\(text)")
  }

  private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

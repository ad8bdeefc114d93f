// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// Names that exporters of this machine give their buffers.
public enum Exporters {
  /// Those that can be told without a buffer of theirs, sorted: heaps, and what has device nodes.
  public static var names: [String] {
    var names = (try? DMAHeap.names()) ?? []
    if exists("/dev/dri") { names.append("drm") }
    if exists("/dev/udmabuf") { names.append("udmabuf") }
    return names.sorted()
  }

  /// May a buffer of this exporter come? Most exporters are called as their kernel module is.
  public static func mayExist(_ name: UntrustedText) -> Bool {
    let text = name.string
    if names.contains(text) || text.hasPrefix("videobuf2_") && exists("/sys/class/video4linux") { return true }
    return !text.isEmpty && !text.hasSlash && !text.hasPrefix(".") && exists("/sys/module/\(text)")
  }

  private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

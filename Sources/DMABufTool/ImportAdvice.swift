// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

/// The likely reason why a device refused a buffer, from the properties of both.
enum ImportAdvice {
  /// The reason for PRIME imports.
  static func prime(_ error: KernelError, _ facts: BufferFacts, _ support: DRMNode.PrimeSupport?) -> String? {
    if error.call == .DRM_IOCTL_PRIME_FD_TO_HANDLE, support?.imports == false {
      return "the driver reports that it imports no buffers (DRM_CAP_PRIME)"
    }
    let exporter = facts.exporters[0].escaped
    return switch (error.call, error.errno) {
    case (.DRM_IOCTL_PRIME_FD_TO_HANDLE, .invalidArgument):
      "the driver refuses buffers of other devices, or buffers of \(Units.size(UInt64(facts.sizes[0])))"
    case (.DRM_IOCTL_PRIME_FD_TO_HANDLE, .noFunction):
      "the exporter, \(exporter), cannot map its memory for other devices"
    default: nil
    }
  }

  /// The reason for V4L2 queues.
  static func queueing(_ error: KernelError, _ facts: BufferFacts, _ format: V4L2Format?) -> String? {
    let exporter = facts.exporters[0].escaped
    switch (error.call, error.errno) {
    case (.VIDIOC_QBUF, .invalidArgument):
      for (index, plane) in (format?.planes ?? []).enumerated() {
        let size = facts.sizes[index % facts.sizes.count]
        if size < plane.size { return "plane \(index) needs \(plane.size) bytes; the buffer has \(size)" }
      }
      return nil
    case (.VIDIOC_QBUF, .badAddress):
      // Heaps but the system heaps may be contiguous.
      let name = facts.exporters[0].string
      let heaps = (try? DMAHeap.names()) ?? []
      let mayBeContiguous = heaps.contains(name) && !BufferSource.heap(name).isOrdinaryMemory
      return mayBeContiguous
        ? nil
        : "the driver needs contiguous memory or a kernel mapping, and \(exporter) provides neither"
    default: return nil
    }
  }

  /// The reason for framebuffers.
  static func framebuffer(
    _ error: KernelError, _ layout: FramebufferLayout, sizes: [Int], limits: (DisplayLimits, takesModifiers: Bool)?
  ) -> String? {
    guard let (display, takesModifiers) = limits else { return "the node has no displays" }
    if !display.formats.isEmpty, !display.formats.contains(layout.format) {
      return "no plane shows \(layout.format); they show " + display.formats.map(\.description).joined(separator: " ")
    }
    guard display.widths.contains(layout.width), display.heights.contains(layout.height) else {
      return "framebuffers are from \(display.widths.lowerBound)x\(display.heights.lowerBound) to "
        + "\(display.widths.upperBound)x\(display.heights.upperBound)"
    }
    for (index, plane) in layout.planes.enumerated() where sizes.count > 1 {
      let (size, needed) = (sizes[index % sizes.count], plane.offset + plane.size)
      if size < needed { return "plane \(index) needs \(needed) bytes; the buffer has \(size)" }
    }
    if sizes.count == 1, sizes[0] < layout.size {
      return "the image needs \(layout.size) bytes; the buffer has \(sizes[0])"
    }
    if let modifier = layout.modifier, error.errno == .invalidArgument {
      let name = DRMNode.name(ofModifier: modifier) ?? "0x" + String(modifier, radix: 16)
      return takesModifiers ? "no plane shows the modifier \(name)" : "the device does not support modifiers"
    }
    return nil
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

/// The sizes and exporters of the buffers, which hints about refused imports use.
struct BufferFacts {
  let sizes: [Int]
  let exporters: [UntrustedText]

  init(_ buffers: Kept<DMABuffer>) throws {
    sizes = buffers.map { $0.size }
    exporters = try buffers.map { try $0.information().exporter }
  }
}

/// Tries to import buffers into one device after another, with the same settings.
struct ImportTrial {
  struct Stream {
    let frames: Int
    let isChecked: Bool
    let timeout: Duration
  }

  let buffers: Kept<DMABuffer>
  let facts: BufferFacts
  let framebuffer: FramebufferLayout?
  /// Whether the user named the devices. With `--all` only devices with displays try the framebuffer.
  let isNamed: Bool
  /// The format of V4L2 queues for the trial; `nil` for their current format.
  let format: ImageArgument?
  let stream: Stream?
  /// Whether the imports last beyond the probe. Closing a node ends its imports, so the node stays open with the
  /// buffers.
  let isKept: Bool

  // MARK: DRM

  func importBuffer(intoDRM found: FoundNode) -> ImportReport.DeviceResult {
    var result = ImportReport.DeviceResult(device: found.path)
    do {
      let node = try DRMNode(found)
      result.driver = node.driver
      try importBuffer(into: node, &result)
      if isKept { buffers.keepOpen(node.takeDescriptor()) }
    } catch {
      result.refuse(error, reason: reason(error, found.path))
    }
    return result
  }

  private func importBuffer(into node: borrowing DRMNode, _ result: inout ImportReport.DeviceResult) throws {
    let handle = try buffers.with(0) { try node.importBuffer($0) }
    // Handles are counted once for each open node: equal buffers have the same handle.
    var handles = [handle]
    defer { if !isKept || result.outcome != .ok { for handle in Set(handles) { node.close(handle) } } }
    result.handle = handle
    result.sameHandle = try buffers.with(0) { try node.importBuffer($0) } == handle
    let inode = buffers.with(0) { $0.inode }
    // Some drivers import buffers that they do not export again.
    if let again = try? node.export(handle) {
      result.sameFile = again.inode == inode
      result.size = again.size
    }
    if let framebuffer, isNamed || node.displayLimits() != nil {
      for index in 1..<max(1, buffers.count) { handles.append(try buffers.with(index) { try node.importBuffer($0) }) }
      try node.tryFramebuffer(framebuffer, handles: handles)
      result.framebuffer = true
    }
    result.outcome = .ok
  }

  private func reason(_ error: any Error, _ path: String) -> String? {
    guard let error = error as? KernelError else { return nil }
    if error.call == .DRM_IOCTL_MODE_ADDFB2, let framebuffer {
      return ImportAdvice.framebuffer(error, framebuffer, sizes: facts.sizes, limits: (try? DRMNode(path))?.limits)
    }
    let support = error.call == .open ? nil : try? DRMNode(path).primeSupport()
    return ImportAdvice.prime(error, facts, support) ?? Advice.hint(for: error)
  }
}

extension DRMNode {
  /// The limits of the display, and whether it supports modifiers.
  fileprivate var limits: (DisplayLimits, takesModifiers: Bool)? {
    displayLimits().map { ($0, takesModifiers) }
  }
}

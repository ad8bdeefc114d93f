// SPDX-License-Identifier: MIT
import DMABuf
import DMABufDisplay
import Glibc
import SystemPackage

/// Displays that show imported buffers. Checks that show an image are invasive, and restore what the display showed.
extension ConformanceCheck {
  static let displays: [ConformanceCheck] = [
    .init("C129", "an imported buffer can be a framebuffer", on: .drm, expect: "ok") { context in
      let node = try display(context)
      return try node.withFramebuffer(image(64, 64), of: imported(4 * 64 * 64, by: node)) { _ in "ok" }
    },
    .init(
      "C130", "a commit waits for its in-fence, and its out-fence signals", on: .drm, needs: [.swSync],
      expect: "pending, then 1"
    ) { context in
      let timeline = try Timeline()
      return try shown(context, writesBack: false, inFence: timeline.fence(1)) { node, fences, _, _ in
        let before = Raw.poll(fences.shown.descriptorNumber, POLLIN, milliseconds: 100) == 0 ? "pending" : "signalled"
        timeline.advance(1)
        _ = try node.nextFlip(deadline: Deadline(after: .seconds(5)))
        _ = Raw.poll(fences.shown.descriptorNumber, POLLIN, milliseconds: 5_000)
        return "\(before), then \(RawSyncFile.status(fences.shown.descriptorNumber))"
      }
    },
    .init(
      "C131", "a writeback has the colours of the framebuffer", on: .drm, expect: "the same colours", invasive: true
    ) { context in
      try shown(context, writesBack: true, inFence: nil) { node, fences, source, target in
        _ = try node.nextFlip(deadline: Deadline(after: .seconds(5)))
        try fences.waitForWriteback(deadline: Deadline(after: .seconds(5)))
        return try colours(of: source) == colours(of: target) ? "the same colours" : "other colours"
      }
    },
  ]

  private static func display(_ context: CheckContext) throws -> DRMNode {
    let node = try DRMNode(context.target.node ?? "")
    guard node.displayLimits() != nil else { throw CheckSkipped("the device has no displays") }
    return node
  }

  /// An image in the format that nearly all displays show, without a modifier.
  private static func image(_ width: Int, _ height: Int) -> FramebufferLayout {
    let format = FourCC("XR24") ?? FourCC(rawValue: 0)
    return FramebufferLayout(
      width: width, height: height, format: format, modifier: nil,
      planes: [.init(offset: 0, stride: 4 * width, size: 4 * width * height)])
  }

  /// A buffer of another exporter. Skips the check if the driver does not import such buffers.
  private static func imported(_ size: Int, by node: borrowing DRMNode) throws -> DMABuffer {
    let pages = (size + Raw.page - 1) / Raw.page * Raw.page
    let buffer = try DMABuffer(OpenFile(OwnedDescriptor(owning: memory(pages)), name: "buffer"))
    do throws(KernelError) {
      node.close(try node.importBuffer(buffer))
    } catch {
      throw CheckSkipped("the driver imports no buffers of other devices: \(error.call): \(error.errno)")
    }
    return buffer
  }

  /// Shows an image in the smallest mode, and restores the display after `body`.
  private static func shown(
    _ context: CheckContext, writesBack: Bool, inFence: CInt?,
    _ body: (borrowing DRMNode, borrowing CommitFences, borrowing DMABuffer, borrowing DMABuffer) throws -> String
  ) throws -> String {
    let node = try display(context)
    do {
      return try node.asMaster {
        let modes = try node.connectors().first { $0.isConnected && !$0.isWriteback }?.modes ?? []
        guard let mode = modes.min(by: { $0.width * $0.height < $1.width * $1.height }) else {
          throw CheckSkipped("no monitor is connected")
        }
        let image = image(mode.width, mode.height)
        let chosen = try node.pipeline(connector: nil, for: image, writesBack: writesBack)
        let source = try imported(image.size, by: node)
        let target = try imported(image.size, by: node)
        try fill(source)
        return try node.withFramebuffer(image, of: source) { framebuffer in
          try node.withFramebuffer(image, of: target) { other in
            let commit = DisplayCommit(
              framebuffer: framebuffer, writeback: writesBack ? other : nil, inFence: inFence)
            let pipeline = try node.test(commit, on: chosen)
            return try node.restoring(pipeline, within: .seconds(5)) {
              try body(node, try node.show(commit, on: pipeline), source, target)
            }
          }
        }
      }
    } catch let error as DisplayError {
      throw CheckSkipped("\(error)")
    } catch let error as KernelError where error.call == .DRM_IOCTL_SET_MASTER {
      throw CheckSkipped("this process cannot become DRM master: \(error.call): \(error.errno)")
    }
  }

  private static func fill(_ buffer: borrowing DMABuffer) throws {
    try buffer.withAccess(.write) {
      let range = try buffer.map(0..<buffer.size, for: .write)
      for index in 0..<buffer.size { unsafe range.bytes[index] = UInt8(truncatingIfNeeded: index &* 7 ^ index >> 8) }
    }
  }

  /// The bytes of the three colours of each pixel. The fourth byte is unused.
  private static func colours(of buffer: borrowing DMABuffer) throws -> [UInt8] {
    try buffer.withAccess(.read) {
      let range = try buffer.map(0..<buffer.size, for: .read)
      return unsafe range.bytes.enumerated().filter { $0.offset % 4 != 3 }.map(\.element)
    }
  }
}

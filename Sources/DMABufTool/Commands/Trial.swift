import BasicContainers
import DMABuf
import SystemPackage

/// What is known of the buffers that devices are given: what refusals are explained with.
struct BufferFacts {
  let sizes: [Int]
  let exporters: [UntrustedText]

  init(_ buffers: DMABuffers) throws {
    var sizes: [Int] = []
    var exporters: [UntrustedText] = []
    for index in 0..<buffers.count {
      try buffers.withBuffer(index) {
        sizes.append($0.size)
        exporters.append(try $0.information().exporter)
      }
    }
    (self.sizes, self.exporters) = (sizes, exporters)
  }
}

/// The open devices that keep what was given to them: closing them lets go of it.
final class Attachments {
  private var displays = UniqueArray<DRMNode>()
  private var videos = UniqueArray<VideoNode>()

  func append(_ node: consuming DRMNode) { displays.append(node) }
  func append(_ node: consuming VideoNode) { videos.append(node) }

  /// Whoever has copies of these keeps what the devices were given.
  var descriptors: [Int32] {
    (0..<displays.count).map { displays[$0].descriptorNumber }
      + (0..<videos.count).map { videos[$0].descriptorNumber }
  }
}

/// Giving buffers to one device after another, in one way.
struct Trial {
  struct Stream {
    let frames: Int
    let isChecked: Bool
    let timeout: Duration
  }

  let buffers: DMABuffers
  let facts: BufferFacts
  let framebuffer: FramebufferLayout?
  /// Are devices named one by one? Of all there are, only those with displays are asked to show it.
  let isNamed: Bool
  let stream: Stream?
  /// Where devices are kept that are to go on having the buffers.
  let attachments: Attachments?

  // MARK: DRM

  func give(toDisplay found: FoundNode) -> ImportReport.Answer {
    var answer = ImportReport.Answer(device: found.path)
    do {
      let node = try DRMNode(found)
      answer.driver = node.driver
      try give(to: node, &answer)
      if let attachments { attachments.append(node) }
    } catch {
      answer.refuse(error, reason: reason(error, found.path))
    }
    return answer
  }

  private func give(to node: borrowing DRMNode, _ answer: inout ImportReport.Answer) throws {
    let handle = try buffers.withBuffer(0) { try node.importBuffer($0) }
    defer { if attachments == nil || answer.result != .ok { node.close(handle) } }
    answer.handle = handle
    answer.sameHandle = try buffers.withBuffer(0) { try node.importBuffer($0) } == handle
    let inode = buffers.withBuffer(0) { $0.inode }
    // Some drivers import what they will not export again.
    if let again = try? node.export(handle) {
      answer.sameFile = again.inode == inode
      answer.size = again.size
    }
    if let framebuffer, isNamed || node.displayLimits() != nil {
      try node.tryFramebuffer(framebuffer, handle: handle)
      answer.framebuffer = true
    }
    answer.result = .ok
  }

  private func reason(_ error: any Error, _ path: String) -> String? {
    guard let error = error as? KernelError else { return nil }
    if error.call == "DRM_IOCTL_MODE_ADDFB2", let framebuffer {
      return ImportAdvice.framebuffer(error, framebuffer, size: facts.sizes[0], limits: (try? DRMNode(path))?.limits)
    }
    let support = error.call == "open" ? nil : try? DRMNode(path).primeSupport()
    return ImportAdvice.prime(error, facts, support) ?? Advice.hint(for: error)
  }
}

extension DRMNode {
  /// What its display can show, and whether modifiers are among that.
  fileprivate var limits: (DisplayLimits, takesModifiers: Bool)? {
    displayLimits().map { ($0, takesModifiers) }
  }
}

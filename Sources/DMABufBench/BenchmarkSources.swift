// SPDX-License-Identifier: MIT
public import DMABuf
import DMABufHost

extension BufferSource {
  /// The sources of this machine, usable or not, in the order in which most programs would try them: the system heap,
  /// udmabuf, other heaps, and the first device of each DRM driver that supports dumb buffers.
  public static func present() -> [BufferSource] {
    let heaps = ((try? DMAHeap.names()) ?? []).map { BufferSource.heap($0) }
    let udmabuf: [BufferSource] =
      FilePermissions(UDMABuf.node) == nil ? [] : [.udmabuf(hugePageSize: nil)]
    let found = heaps + udmabuf + dumbSources()
    let first: [BufferSource] = [.heap("system"), .udmabuf(hugePageSize: nil)]
    return first.filter(found.contains) + found.filter { !first.contains($0) }
  }

  private static func dumbSources() -> [BufferSource] {
    var seen: Set<String> = []
    return ((try? DRMNode.primaryPaths()) ?? []).compactMap { path in
      guard let node = try? DRMNode(path), seen.insert(node.driver.escaped).inserted, node.makesDumbBuffers else {
        return nil
      }
      return .dumb(node.driver.escaped)
    }
  }
}

extension DRMNode {
  /// One node of the first device of each driver, a render node if the driver has one. Nodes that cannot be opened are
  /// skipped.
  public static func onePerDriver() -> [String] {
    var seen: [UntrustedText] = []
    return ((try? pathsRenderFirst()) ?? []).filter { path in
      guard let driver = try? DRMNode(path).driver, !seen.contains(driver) else { return false }
      seen.append(driver)
      return true
    }
  }
}

extension V4L2Node {
  /// The first node of `vivid`, the kernel's test driver, that captures images; `nil` if there is none.
  public static func firstTestCamera() throws(KernelError) -> String? {
    try paths().first { path in
      guard let node = try? V4L2Node(path) else { return false }
      return node.driver == UntrustedText("vivid".utf8) && node.captureQueue != nil
    }
  }
}

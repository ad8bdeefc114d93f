// SPDX-License-Identifier: MIT
public import DMABuf
import DMABufHost

/// The target of a check.
public enum ConformanceTarget: Sendable {
  /// The dma-heap with this name.
  case heap(String)
  /// udmabuf.
  case udmabuf
  /// A DRM device: its primary node, its driver's name, and its label.
  case drm(node: String, driver: String, label: String)
  /// A V4L2 node, its label, and the queue under test. With `isWhole` the exported buffers are checked, too.
  case v4l2(node: String, label: String, queue: V4L2Queue, isWhole: Bool)
  /// A buffer that the user named, by descriptor, and its name.
  case given(descriptor: Int32, name: String)
  /// The machine.
  case machine

  /// `heap:system`, `udmabuf`, `fd:3`, `machine`; `drm:vgem`, `v4l2:vivid` for a driver's first device, the path of
  /// the node for others.
  public var label: String {
    switch self {
    case .heap(let name): "heap:" + UntrustedText(name.utf8).escaped
    case .udmabuf: "udmabuf"
    case .drm(_, _, let label), .v4l2(_, let label, _, _): label
    case .given(_, let name): name
    case .machine: "machine"
    }
  }

  /// The path of the target's node; `nil` for a target without one.
  public var node: String? {
    switch self {
    case .heap(let name): DMAHeap.directory + "/" + name
    case .udmabuf: UDMABuf.node
    case .drm(let node, _, _), .v4l2(let node, _, _, _): node
    case .given, .machine: nil
    }
  }

  /// Whether checks of `scope` apply to this target.
  public func isFor(_ scope: ConformanceCheck.Scope) -> Bool {
    switch (self, scope) {
    case (.machine, .machine), (.heap, .heap), (.udmabuf, .udmabuf): true
    case (.drm, .drm), (.v4l2, .v4l2): true
    case (.machine, .buffer): false
    case (.v4l2(_, _, _, let isWhole), .buffer): isWhole
    case (_, .buffer): true
    default: false
    }
  }

  /// The targets of a run without options.
  public static func present() -> [ConformanceTarget] { ConformanceSurvey().targets }

  static func exporters() -> [ConformanceTarget] {
    let heaps = ((try? DMAHeap.names()) ?? []).map { ConformanceTarget.heap($0) }
    return heaps + (FilePermissions(UDMABuf.node) == nil ? [] : [.udmabuf])
  }

  static func devices() -> [ConformanceTarget] { ConformanceSurvey.ofDevices().targets }
}

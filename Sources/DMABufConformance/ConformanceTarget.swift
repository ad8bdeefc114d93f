public import DMABuf
import DMABufHost

/// What checks are tried on.
public enum ConformanceTarget: Sendable {
  /// The dma-heap of that name.
  case heap(String)
  /// udmabuf.
  case userMemory
  /// A DRM device: its primary node, its driver's name, and its label.
  case graphics(node: String, driver: String, label: String)
  /// A V4L2 node, its label, and the queue that is checked; `isWhole` also checks the buffers that it exports.
  case video(node: String, label: String, queue: VideoQueue, isWhole: Bool)
  /// A buffer that somebody gave, by descriptor, and how it was called.
  case given(descriptor: Int32, name: String)
  /// The machine.
  case machine

  /// `heap:system`, `udmabuf`, `fd:3`, `machine`; `drm:vgem`, `v4l2:vivid` for a driver's first device, the path of
  /// the node for others.
  public var label: String {
    switch self {
    case .heap(let name): "heap:" + UntrustedText(name.utf8).escaped
    case .userMemory: "udmabuf"
    case .graphics(_, _, let label), .video(_, let label, _, _): label
    case .given(_, let name): name
    case .machine: "machine"
    }
  }

  /// Its node, for those who know it by that.
  public var node: String? {
    switch self {
    case .heap(let name): Heap.directory + "/" + name
    case .userMemory: UserMemory.node
    case .graphics(let node, _, _), .video(let node, _, _, _): node
    case .given, .machine: nil
    }
  }

  /// Is this a target for checks of `scope`?
  public func isFor(_ scope: ConformanceCheck.Scope) -> Bool {
    switch (self, scope) {
    case (.machine, .machine), (.heap, .heap), (.userMemory, .userMemory): true
    case (.graphics, .graphics), (.video, .video): true
    case (.machine, .buffer): false
    case (.video(_, _, _, let isWhole), .buffer): isWhole
    case (_, .buffer): true
    default: false
    }
  }

  /// What a run without further words checks.
  public static func present() -> [ConformanceTarget] { ConformanceSurvey().targets }

  static func exporters() -> [ConformanceTarget] {
    let heaps = ((try? Heap.names()) ?? []).map { ConformanceTarget.heap($0) }
    return heaps + (FilePermissions(UserMemory.node) == nil ? [] : [.userMemory])
  }

  static func devices() -> [ConformanceTarget] { ConformanceSurvey.ofDevices().targets }
}

import Glibc

/// What checks are tried on.
public enum ConformanceTarget: Sendable {
  /// The dma-heap of that name.
  case heap(String)
  /// udmabuf.
  case userMemory
  /// A DRM device: its primary node, and how its driver calls itself.
  case graphics(node: String, driver: String)
  /// A V4L2 device's node and driver.
  case video(node: String, driver: String)
  /// A buffer that somebody gave, by descriptor, and how it was called.
  case given(descriptor: Int32, name: String)
  /// The machine.
  case machine

  /// `heap:system`, `udmabuf`, `drm:vgem`, `v4l2:vivid`, `fd:3`, `machine`.
  public var label: String {
    switch self {
    case .heap(let name): "heap:" + UntrustedText(name.utf8).escaped
    case .userMemory: "udmabuf"
    case .graphics(_, let driver): "drm:\(driver)"
    case .video(_, let driver): "v4l2:\(driver)"
    case .given(_, let name): name
    case .machine: "machine"
    }
  }

  /// Its node, for those who know it by that.
  public var node: String? {
    switch self {
    case .heap(let name): Heap.directory + "/" + name
    case .userMemory: UserMemory.node
    case .graphics(let node, _), .video(let node, _): node
    case .given, .machine: nil
    }
  }

  /// Is this a target for checks of `scope`?
  public func isFor(_ scope: ConformanceCheck.Scope) -> Bool {
    switch (self, scope) {
    case (.machine, .machine), (.heap, .heap), (.userMemory, .userMemory): true
    case (.graphics, .graphics), (.video, .video): true
    case (.machine, .buffer): false
    case (_, .buffer): true
    default: false
    }
  }

  /// Everything here that makes or takes buffers, usable or not, and the machine at last. The first device of
  /// each driver stands for all of them.
  public static func present() -> [ConformanceTarget] { exporters() + devices() + [.machine] }

  static func exporters() -> [ConformanceTarget] {
    let heaps = ((try? Heap.names()) ?? []).map { ConformanceTarget.heap($0) }
    return heaps + (FilePermissions(UserMemory.node) == nil ? [] : [.userMemory])
  }

  static func devices() -> [ConformanceTarget] {
    var seen: Set<String> = []
    return (graphics() + video()).filter { seen.insert($0.label).inserted }
  }

  private static func graphics() -> [ConformanceTarget] {
    nodes("/dev/dri", "card").compactMap { path in
      let file = Raw.open(path, O_RDWR)
      guard file.isDone else { return nil }
      defer { close(file.descriptor) }
      return .graphics(node: path, driver: GraphicsDevice.driver(file.descriptor))
    }
  }

  /// Those that capture and stream, which is `V4L2_CAP_VIDEO_CAPTURE` and `V4L2_CAP_STREAMING`.
  private static func video() -> [ConformanceTarget] {
    nodes("/dev", "video").compactMap { path in
      let file = Raw.open(path, O_RDWR)
      guard file.isDone else { return nil }
      defer { close(file.descriptor) }
      var argument = Argument(104)
      guard Raw.ioctl(file.descriptor, VideoDevice.queryCapabilities, &argument).isDone else { return nil }
      let capabilities = argument[u32: 88]
      guard capabilities & 1 != 0, capabilities & 0x0400_0000 != 0 else { return nil }
      return .video(node: path, driver: VideoDevice.driver(file.descriptor))
    }
  }

  private static func nodes(_ directory: String, _ prefix: String) -> [String] {
    ((try? Directory(directory).names()) ?? [])
      .filter { $0.hasPrefix(prefix) && $0.dropFirst(prefix.count).allSatisfy(\.isNumber) }
      .sorted { ($0.count, $0) < ($1.count, $1) }.map { directory + "/" + $0 }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf

/// The targets of this machine.
public struct ConformanceSurvey: Sendable {
  /// A device that a run without --device does not check.
  public struct Omission: Sendable {
    /// The path of the node.
    public let node: String
    /// The reason why the device is not checked.
    public let reason: String
    /// The target if the user names the device; `nil` for a device that cannot be checked.
    public let target: ConformanceTarget?
  }

  /// The targets to check: all exporters of buffers, then devices, the machine last.
  public private(set) var targets: [ConformanceTarget] = []
  /// The devices that are not checked.
  public private(set) var omissions: [Omission] = []

  /// Surveys the machine: heaps, udmabuf, and each DRM and V4L2 device by opening it.
  ///
  /// Of several similar devices of one driver (DRM devices; V4L2 nodes with the same kind of queue), only the first is
  /// checked. If a driver has several kinds of V4L2 nodes, the buffers of only one node are checked.
  public init() {
    let devices = Self.ofDevices()
    targets = ConformanceTarget.exporters() + devices.targets + [.machine]
    omissions = devices.omissions
  }

  private init(targets: [ConformanceTarget], omissions: [Omission]) {
    (self.targets, self.omissions) = (targets, omissions)
  }

  static func ofDevices() -> Self {
    var survey = Self(targets: [], omissions: [])
    survey.addDRM()
    survey.addV4L2()
    return survey
  }

  private mutating func addDRM() {
    var first: [String: String] = [:]
    for path in (try? DRMNode.primaryPaths()) ?? [] {
      do throws(KernelError) {
        let driver = try DRMNode(path).driver.escaped
        let label = first[driver] == nil ? "drm:\(driver)" : path
        add(.drm(node: path, driver: driver, label: label), path, unlessLike: &first[driver])
      } catch {
        omit(path, error)
      }
    }
  }

  /// Adds V4L2 nodes. `v4l2:DRIVER` is the driver's first camera, otherwise its first node.
  private mutating func addV4L2() {
    var found: [(path: String, driver: String, queue: V4L2Queue, isCamera: Bool)] = []
    for path in (try? V4L2Node.paths()) ?? [] {
      do throws(KernelError) {
        let node = try V4L2Node(path)
        if let queue = node.queues.first(where: { !$0.isOutput }) ?? node.queues.first {
          found.append((path, node.driver.escaped, queue, node.captureQueue != nil && path.hasPrefix("/dev/video")))
        } else {
          omissions.append(Omission(node: path, reason: "the node has no queues of buffers", target: nil))
        }
      } catch {
        omit(path, error)
      }
    }
    var first: [String: String] = [:]
    for node in found {
      let own = found.filter { $0.driver == node.driver }
      let isNamed = (own.first(where: \.isCamera) ?? own[0]).path == node.path
      let name = "v4l2:\(node.driver)"
      let whole = ConformanceTarget.v4l2(
        node: node.path, label: isNamed ? name : node.path, queue: node.queue, isWhole: true)
      let kind = "\(node.driver) \(node.queue.name) \(Self.use(node.path))"
      if isNamed || first[kind] != nil {
        add(whole, node.path, unlessLike: &first[kind])
      } else {
        add(
          .v4l2(node: node.path, label: node.path, queue: node.queue, isWhole: false), node.path,
          unlessLike: &first[kind])
        let reason = "only the V4L2 checks: \(name) has the same driver; --device \(node.path) runs all"
        omissions.append(Omission(node: node.path, reason: reason, target: whole))
      }
    }
  }

  /// All targets that can be checked, each with its buffers.
  public var all: [ConformanceTarget] {
    let others = omissions.compactMap(\.target)
    let nodes = others.map(\.node)
    return targets.filter { $0.node == nil || !nodes.contains($0.node) } + others
  }

  /// The kernel's name of the node without digits. Codecs have nodes with the same queues and different purposes.
  private static func use(_ path: String) -> String {
    let entry = path.dropFirst("/dev/".count)
    return (SmallFile.text("\(V4L2Node.directory)/\(entry)/name") ?? "").filter { !$0.isNumber }
  }

  private mutating func add(_ target: ConformanceTarget, _ path: String, unlessLike first: inout String?) {
    if let first {
      let reason = "\(first) has the same driver and is checked; --device \(path) checks this one"
      omissions.append(Omission(node: path, reason: reason, target: target))
    } else {
      first = path
      targets.append(target)
    }
  }

  private mutating func omit(_ path: String, _ error: KernelError) {
    omissions.append(Omission(node: path, reason: "\(error.call): \(error.errno)", target: nil))
  }
}

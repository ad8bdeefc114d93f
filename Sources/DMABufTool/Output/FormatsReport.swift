// SPDX-License-Identifier: MIT
import DMABuf
import DMABufDisplay
import DMABufImage

/// The formats of queues and planes. Reading them disturbs nothing.
struct FormatsReport: Report, Encodable {
  /// A queue of a V4L2 device, or a plane of a display; or a node that could not be read, with the reason.
  struct Target: Encodable {
    let device: String
    @Nullable var driver: UntrustedText?
    /// The type of the queue, or `plane` with its id.
    @Nullable var target: String?
    /// The purpose of a plane.
    @Nullable var kind: String?
    /// `nil` if unknown.
    @Nullable var formats: [Format]?
    @Nullable var reason: String?
  }

  struct Format: Encodable {
    let format: String
    /// Whether a frame is compressed data instead of pixels.
    let isCompressed: Bool
    /// The modifiers of a plane; `nil` if the device reports none.
    @Nullable var modifiers: [String]?

    enum CodingKeys: String, CodingKey {
      case format, modifiers
      case isCompressed = "compressed"
    }
  }

  let schema = "dmabuf.device-formats/1"
  private(set) var targets: [Target] = []
  private(set) var refusals: [KernelError] = []

  enum CodingKeys: String, CodingKey { case schema, targets }

  init(_ devices: [Device]) {
    for device in devices {
      do {
        targets += try device.subsystem == .drm ? Self.planes(of: device) : Self.queues(of: device)
      } catch {
        let reason = (error as? KernelError).map { "\($0.call): \($0.errno)" } ?? "\(error)"
        targets.append(Target(device: device.path, reason: reason))
        if let error = error as? KernelError { refusals.append(error) }
      }
    }
  }

  private static func planes(of device: Device) throws -> [Target] {
    let node = try DRMNode(device.node)
    guard node.displayLimits() != nil else { return [] }
    var targets: [Target] = []
    for plane in try node.displayPlanes() {
      let formats = try node.formats(ofPlane: plane.id).map { format in
        Format(
          format: "\(format.format)", isCompressed: false,
          modifiers: format.modifiers?.map { "\(FormatModifier(rawValue: $0))" })
      }
      targets.append(
        Target(
          device: node.path, driver: node.driver, target: "plane \(plane.id)", kind: plane.kind?.rawValue,
          formats: formats))
    }
    return targets
  }

  private static func queues(of device: Device) throws -> [Target] {
    let node = try V4L2Node(device.node)
    return node.queues.map { queue in
      let formats = node.formats(of: queue).map { Format(format: "\($0.fourcc)", isCompressed: $0.isCompressed) }
      return Target(device: node.path, driver: node.driver, target: queue.name, formats: formats)
    }
  }

  func text(style: Style) -> String {
    guard !targets.isEmpty else { return "no queues and no planes of displays" }
    var table = Table(.init("DEVICE"), .init("QUEUE OR PLANE"), .init("MODIFIERS"), .init("FORMATS"))
    table.rows = targets.flatMap(rows)
    return table.lines(style: style).joined(separator: "\n")
  }

  /// A row for all formats with the same modifiers.
  private func rows(_ target: Target) -> [[String]] {
    let device = UntrustedText(target.device.utf8).escaped
    guard let formats = target.formats else { return [[device, "-", "-", target.reason ?? "?"]] }
    let name = [target.target, target.kind].compactMap(\.self).joined(separator: " ")
    let start = [device, name]
    var groups: [(modifiers: [String]?, formats: [String])] = []
    for format in formats {
      let name = format.format + (format.isCompressed ? " (compressed)" : "")
      if let index = groups.firstIndex(where: { $0.modifiers == format.modifiers }) {
        groups[index].formats.append(name)
      } else {
        groups.append((format.modifiers, [name]))
      }
    }
    if groups.isEmpty { return [start + ["-", "-"]] }
    return groups.map { start + [$0.modifiers?.joined(separator: ",") ?? "-", $0.formats.joined(separator: " ")] }
  }
}

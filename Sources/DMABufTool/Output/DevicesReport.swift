// SPDX-License-Identifier: MIT
import DMABuf
import DMABufCensus
import DMABufExercise
import SystemPackage

/// The capabilities of the devices.
struct DevicesReport: Report, Encodable {
  struct Node: Encodable {
    let device: String
    let subsystem: String
    @Nullable var driver: UntrustedText?
    @Nullable var card: UntrustedText?
    /// `primary` or `render`.
    @Nullable var kind: String?
    /// Whether the import of a buffer succeeded.
    @Nullable var primeImport: Bool?
    /// The reason why the device does not import buffers, or why this is unknown.
    @Nullable var primeImportReason: String?
    @Nullable var primeExport: Bool?
    @Nullable var dumbBuffers: Bool?
    @Nullable var connectors: Int?
    var queues: [Queue] = []
    @Nullable var reason: String?

    enum CodingKeys: String, CodingKey {
      case device, subsystem, driver, card, kind, connectors, queues, reason
      case primeImport = "prime_import"
      case primeImportReason = "prime_import_reason"
      case primeExport = "prime_export"
      case dumbBuffers = "dumb_buffers"
    }
  }

  struct Queue: Encodable {
    let type: String
    @Nullable var format: String?
    @Nullable var width: Int?
    @Nullable var height: Int?
    var planes: [Int] = []
    /// Whether the queue imports dma-bufs of others.
    @Nullable var dmabuf: Bool?
    /// Whether the queue exports its own buffers.
    @Nullable var expbuf: Bool?
    /// The number of buffers on the queue before the probe. If there are any, the queue is in use.
    @Nullable var buffers: Int?
    /// The processes that have the node open, if the queue is in use.
    var users: [User] = []
  }

  struct User: Encodable {
    let pid: Int32
    @Nullable var comm: UntrustedText?
  }

  let schema = "dmabuf.devices/1"
  private(set) var devices: [Node] = []
  private(set) var refusals: [KernelError] = []

  enum CodingKeys: String, CodingKey { case schema, devices }

  init(_ nodes: [Device]) {
    for node in nodes {
      do {
        devices.append(try node.subsystem == .drm ? Self.drm(node.path) : Self.v4l2(node.path))
      } catch {
        var entry = Node(device: node.path, subsystem: node.subsystem.rawValue)
        entry.reason = (error as? KernelError).map { "\($0.call): \($0.errno)" } ?? "\(error)"
        devices.append(entry)
        if let error = error as? KernelError { refusals.append(error) }
      }
    }
  }

  private static func drm(_ path: String) throws -> Node {
    let node = try DRMNode(path)
    var entry = Node(device: path, subsystem: "drm", driver: node.driver)
    entry.kind = node.isRender ? "render" : "primary"
    switch node.probeImport() {
    case .works: entry.primeImport = true
    case .refused(let error): (entry.primeImport, entry.primeImportReason) = (false, "\(error.call): \(error.errno)")
    case .unknown(let reason): entry.primeImportReason = reason
    }
    entry.primeExport = node.exportsBuffers
    entry.dumbBuffers = node.makesDumbBuffers
    entry.connectors = node.displayLimits()?.connectors
    return entry
  }

  private static func v4l2(_ path: String) throws -> Node {
    let node = try V4L2Node(path)
    var entry = Node(device: path, subsystem: "v4l2", driver: node.driver, card: node.card)
    entry.queues = node.queues.map { queue(node, $0) }
    return entry
  }

  private static func queue(_ node: borrowing V4L2Node, _ queue: V4L2Queue) -> Queue {
    var entry = Queue(type: queue.name)
    if let format = try? node.format(of: queue) {
      entry.format = "\(format.fourcc)"
      (entry.width, entry.height) = (format.width, format.height)
      entry.planes = format.planes.map(\.size)
    }
    // If the queue cannot even be queried, a probe might remove another process's buffers.
    guard let support = try? node.support(of: queue) else { return entry }
    entry.dmabuf = support.importing
    entry.buffers = support.buffers
    if support.buffers > 0 {
      entry.users = NodeUsers(of: node.path).users.map { User(pid: $0.pid, comm: $0.command) }
    } else {
      (entry.dmabuf, entry.expbuf) = attempt(node, queue, support)
    }
    return entry
  }

  /// Probes the queue by allocating buffers on it. `nil` is unknown: another process has taken the queue meanwhile.
  private static func attempt(
    _ node: borrowing V4L2Node, _ queue: V4L2Queue, _ support: V4L2QueueSupport
  ) -> (importing: Bool?, exporting: Bool?) {
    func works(_ body: () throws -> Void) -> Bool? {
      do {
        try body()
        return true
      } catch {
        return (error as? KernelError)?.errno == .resourceBusy ? nil : false
      }
    }
    let importing = support.importing ? works { try node.withBuffers(1, .imported, on: queue) { _ in } } : false
    let exporting =
      support.mapping
      ? works {
        try node.withBuffers(1, .mapped, on: queue) { _ in _ = try node.exportBuffer(0, plane: 0, on: queue) }
      } : false
    return (importing, exporting)
  }

  // MARK: Text

  func text(style: Style) -> String {
    guard !devices.isEmpty else { return "no DRM or V4L2 devices" }
    var table = Table(
      .init("DEVICE"), .init("DRIVER"), .init("KIND"), .init("IMPORT"), .init("EXPORT"), .init("NOTE"))
    table.rows = devices.flatMap(rows)
    return table.lines(style: style).joined(separator: "\n")
  }

  private func rows(_ node: Node) -> [[String]] {
    let start = [UntrustedText(node.device.utf8).escaped, node.driver?.escaped ?? "-"]
    if let reason = node.reason { return [start + ["-", "-", "-", reason]] }
    if node.subsystem == "drm" {
      let notes = [
        node.dumbBuffers == true ? "dumb buffers" : nil, node.connectors.map { "\(Units.count($0, "output"))" },
        node.primeImportReason,
      ]
      return [
        start + [
          node.kind ?? "-", word(node.primeImport), word(node.primeExport),
          notes.compactMap(\.self).joined(separator: ", "),
        ]
      ]
    }
    if node.queues.isEmpty { return [start + ["-", "-", "-", "no queues of buffers"]] }
    return node.queues.map { start + [$0.type, word($0.dmabuf), word($0.expbuf), note($0)] }
  }

  private func word(_ value: Bool?) -> String { value.map { $0 ? "yes" : "no" } ?? "?" }

  private func note(_ queue: Queue) -> String {
    var notes: [String] = []
    if let width = queue.width, let height = queue.height, let format = queue.format {
      notes.append("\(width)x\(height) \(format)")
    } else if let format = queue.format, !format.isEmpty {
      notes.append(format)
    }
    if !queue.planes.isEmpty { notes.append(queue.planes.map { "\($0)" }.joined(separator: " + ") + " bytes") }
    if let buffers = queue.buffers, buffers > 0 {
      let users = queue.users.map { Units.process($0.comm, $0.pid) }
      notes.append("in use, \(buffers) buffers" + (users.isEmpty ? "" : ": " + users.joined(separator: " ")))
    }
    return notes.joined(separator: ", ")
  }
}

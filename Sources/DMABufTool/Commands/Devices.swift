// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import SystemPackage

/// `dmabuf devices`: lists all DRM and V4L2 nodes, and whether each imports and exports dma-bufs.
struct Devices: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the devices that export or import dma-bufs.",
    discussion: """
      Probes each device: imports a buffer into the device, and exports one from it. A queue that has buffers \
      already is queried, not probed. Nodes that cannot be opened are listed, and the exit status is then 1.

      EXAMPLES
        dmabuf devices                       # all nodes
        dmabuf devices /dev/video0 drm:vgem  # two devices
        dmabuf devices drm:vkms --formats    # which formats can it show?
        dmabuf devices --json                # for a script
      """)

  @Argument(
    help: ArgumentHelp("Devices to list: a path, drm:NAME or v4l2:NAME. Default: all.", valueName: "DEVICE"),
    completion: Completion.devices, transform: DeviceReference.init)
  var devices: [DeviceReference] = []

  @Flag(help: "List the formats of each queue and plane, with modifiers. Probes nothing.")
  var formats = false

  @Flag(help: .json) var json = false

  func run() throws {
    let nodes = try devices.isEmpty ? Device.all() : devices.map { try $0.resolve(primary: formats) }
    if formats { return try listFormats(nodes) }
    let report = DevicesReport(nodes)
    try report.print(asJSON: json)
    try conclude(report.refusals, of: nodes)
  }

  private func listFormats(_ nodes: [Device]) throws {
    let report = FormatsReport(nodes)
    try report.print(asJSON: json)
    try conclude(report.refusals, of: nodes)
  }

  private func conclude(_ refusals: [KernelError], of nodes: [Device]) throws {
    guard let first = refusals.first else { return }
    throw Failure("\(refusals.count) of \(nodes.count) nodes could not be opened", hint: Advice.hint(for: first))
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import SystemPackage

/// `dmabuf devices`: every DRM and V4L2 node, and what can be done with dma-bufs there.
struct Devices: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the devices that make or take dma-bufs.",
    discussion: """
      What a device can do is found by trying. A queue that has buffers on it is somebody's: it is only \
      asked, not tried. Nodes that may not be opened are listed, and the exit status is then 1.

      EXAMPLES
        dmabuf devices
        dmabuf devices /dev/video0 drm:vgem
        dmabuf devices --json
      """)

  @Argument(
    help: ArgumentHelp("Only these: a path, drm:NAME or v4l2:NAME, by driver.", valueName: "device"),
    completion: Completion.devices, transform: DeviceReference.init)
  var devices: [DeviceReference] = []

  @Flag(help: .json) var json = false

  func run() throws {
    let nodes = try devices.isEmpty ? Device.all() : devices.map { try $0.resolve(primary: false) }
    let report = DevicesReport(nodes)
    try report.print(asJSON: json)
    if let first = report.refusals.first {
      throw Failure(
        "\(report.refusals.count) of \(nodes.count) nodes could not be looked into", hint: Advice.hint(for: first))
    }
  }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf
@testable import DMABufCensus

@Suite("Control groups")
struct ControlGroupTests {
  static let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

  @Test(
    "Services, sessions and containers have their usual names",
    arguments: [
      ("0::/system.slice/camera.service\n", "camera.service"),
      ("0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope"),
      ("0::/system.slice/docker-\(id).scope\n", "docker:0123456789ab"),
      ("0::/system.slice/docker-\(id).scope/init.scope\n", "docker:0123456789ab"),
      ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope\n", "cri-containerd:0123456789ab"),
      ("12:devices:/docker/\(id)\n1:name=systemd:/docker/\(id)\n0::/\n", "0123456789ab"),
      ("2:cpu:/\n1:name=systemd:/system.slice/camera.service\n0::/\n", "camera.service"),
      ("0::/user.slice/user@1000.service/app.slice/app-player.scope\n", "app-player.scope"),
      ("0::/group\n", "group"), ("0::/a:b\n", "a:b"),
    ])
  func unit(_ text: String, _ unit: String) {
    #expect(ControlGroup(parsing: Array(text.utf8))?.unit?.string == unit)
  }

  @Test("The root has no unit")
  func root() {
    #expect(ControlGroup(parsing: Array("0::/\n".utf8))?.path.string == "/")
    #expect(ControlGroup(parsing: Array("0::/\n".utf8))?.unit == nil)
  }

  @Test(
    "Text that is not a list of groups is refused", arguments: ["", "\n", "x", "0:", "0::", "0::relative", ":::"])
  func none(_ text: String) {
    #expect(ControlGroup(parsing: Array(text.utf8)) == nil)
  }
}

// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABuf
@testable import DMABufDisplay

/// debugfs of displays, as real kernels wrote it. The command names of both processes forge lines.
@Suite("debugfs of displays")
struct DisplayDebugFilesTests {
  static let kernels = Recording.names(in: "display")

  private func bytes(_ kernel: String, _ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Checkout.fixtures.appendingPathComponent("display/\(kernel)/\(file)")))
  }

  @Test("There are recordings")
  func recordings() { #expect(!Self.kernels.isEmpty) }

  @Test("Each process is a client, and the first is DRM master", arguments: kernels)
  func clients(_ kernel: String) throws {
    let text = String(decoding: try bytes(kernel, "processes"), as: UTF8.self)
    let processes = text.split { $0 == " " || $0 == "\n" }.compactMap { Int32($0) }
    let clients = DisplayDebugFiles.clients(parsing: try bytes(kernel, "clients"))
    #expect(clients.map(\.pid) == processes && clients.map(\.isMaster) == [true, false])
    #expect(clients.map(\.command.string) == ["x\n\trefcount=9", "\n    7   0   y"])
  }

  @Test("A framebuffer has the whole command name of its creator", arguments: kernels)
  func creators(_ kernel: String) throws {
    let text = try bytes(kernel, "framebuffer")
    let creators = DisplayDebugFiles.creators(parsing: text)
    #expect(creators.count == text.ranges(of: Array("framebuffer[".utf8)).count)
    #expect(creators.values.filter { $0.string == "x\n\trefcount=9" }.count == 1)
  }
}

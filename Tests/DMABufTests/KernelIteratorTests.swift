// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufCensus

@Suite("Iterators in the kernel")
struct KernelIteratorTests {
  static let repository = Checkout.sources.deletingLastPathComponent()

  @Test(
    "The checked-in programs are those that the compiler builds from their sources",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/include/bpf/bpf_helpers.h")),
    arguments: [("census", "CCensus"), ("trace", "CTrace")])
  func inStep(program: String, target: String) throws {
    let tree = try TemporaryTree()
    let made = tree.root + "/object.c"
    let script = Process()
    script.executableURL = Self.repository.appendingPathComponent("scripts/bpf")
    script.arguments = [program, made]
    try script.run()
    script.waitUntilExit()
    #expect(script.terminationStatus == 0)
    let checkedIn = Self.repository.appendingPathComponent("Sources/\(target)/\(program)_object.c")
    #expect(
      try String(contentsOfFile: made, encoding: .utf8) == String(contentsOf: checkedIn, encoding: .utf8), "make bpf")
  }

  @Test("For trees of other machines, the iterators of this kernel are not used")
  func trees() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: .fdinfo(inode: 5))
    var request = Census.Query()
    request.mayLoadPrograms = true
    let census = Census(root: tree.root, request)
    #expect(!census.used.contains(.bpf) && census.omitted[.bpf] == .privileged)
  }
}

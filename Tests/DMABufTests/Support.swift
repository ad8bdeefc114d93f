// SPDX-License-Identifier: MIT
import Foundation

@testable import DMABuf

/// Pseudorandom numbers, which are the same in each run (xorshift64*).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// Paths of the checkout, relative to this file.
enum Checkout {
  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  static let fixtures = tests.appendingPathComponent("Fixtures")
  static let sources = tests.appendingPathComponent("../../Sources").standardizedFileURL
}

/// A directory tree that a test creates. It is removed afterwards.
final class TemporaryTree {
  let root: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("dmabuf-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    root = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func directory(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: root + "/" + path, withIntermediateDirectories: true)
  }

  func file(_ path: String, _ bytes: some Sequence<UInt8>) throws {
    try directory((path as NSString).deletingLastPathComponent)
    try Data(bytes).write(to: URL(fileURLWithPath: root + "/" + path))
  }

  func file(_ path: String, _ text: String) throws { try file(path, text.utf8) }

  func link(_ path: String, _ target: String) throws {
    try directory((path as NSString).deletingLastPathComponent)
    try FileManager.default.createSymbolicLink(atPath: root + "/" + path, withDestinationPath: target)
  }

  /// A process with one descriptor that reads `/dmabuf:…` and has `fdinfo`.
  func process(_ pid: Int, descriptor: Int = 3, link target: String = "/dmabuf:", fdinfo: String?) throws {
    try file("proc/\(pid)/comm", "test\n")
    try file("proc/\(pid)/stat", "\(pid) (test) S 1 1 1 0 -1 4194304 0 0 0\n")
    try file("proc/\(pid)/maps", "")
    try link("proc/\(pid)/fd/\(descriptor)", target)
    if let fdinfo { try file("proc/\(pid)/fdinfo/\(descriptor)", fdinfo) }
  }
}

extension String {
  /// The kernel's text for a dma-buf in fdinfo.
  static func fdinfo(inode: Int, size: Int = 4096, count: Int = 1, exporter: String = "system", name: String? = nil)
    -> String
  {
    "pos:\t0\nflags:\t02000002\nmnt_id:\t9\nino:\t\(inode)\nsize:\t\(size)\ncount:\t\(count)\nexp_name:\t\(exporter)\n"
      + (name.map { "name:\t\($0)\n" } ?? "")
  }
}

enum ProcessIdentity {
  static let own = Int32(ProcessInfo.processInfo.processIdentifier)
}

// SPDX-License-Identifier: MIT
import Glibc

@testable import DMABuf
@testable import DMABufHolding
@testable import DMABufHost

/// A real holder, which is this executable, too, and messages that any process of its user may send to it.
///
/// The holder is another process without coverage. The target checks that it still serves afterwards.
final class HolderUnderTest: @unchecked Sendable {
  static let shared = HolderUnderTest()

  private let name: HeldName
  private let directory: RuntimeDirectory

  private init() {
    do {
      guard let name = HeldName("fuzz-\(getpid())") else { fatalError("no name") }
      self.name = name
      try Self.start(name)
      directory = try RuntimeDirectory(creating: false)
    } catch {
      fatalError("no holder: \(error)")
    }
    atexit { try? Holding.release(HolderUnderTest.shared.name) }
  }

  /// The file that is held, and that messages contain. No process waits for its end.
  private static let file = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)

  private static func start(_ name: HeldName) throws {
    try Holding.start(name, kind: .buffer, descriptor: file, companions: [file], replacing: true)
  }

  /// The first byte is the number of descriptors in the message, and whether the client waits for a reply.
  func hear(_ bytes: [UInt8]) throws {
    guard let first = bytes.first, bytes.count > 1 else { return }
    let deadline = Deadline(after: .seconds(2))
    let socket = try UnixSocket(connectingTo: directory.socketPath(name), .packets, name: "fuzz", deadline: deadline)
    try socket.send(
      Array(bytes.dropFirst()), descriptors: Array(repeating: Self.file, count: Int(first & 0x7f)), deadline: deadline
    )
    if first & 0x80 != 0, let answer = try? socket.receive(limit: 8192, deadline: deadline) {
      for descriptor in answer.descriptors { close(descriptor) }
    }
    do {
      let object = try Holding.describe(name)
      precondition(object.kind == .buffer)
    } catch HolderError.nothingHeld {
      // The request was a release.
      try Self.start(name)
    } catch {
      fatalError("the holder serves no longer: \(error)")
    }
  }
}

// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufHolding
@testable import DMABufHost

/// A holder of two descriptors in one process, and clients in another.
@Suite("Holders", .serialized)
struct HolderTests {
  private struct Socket {
    let path: String
    let process: pid_t

    func ask(_ request: [UInt8]) throws -> UnixSocket.Message {
      let deadline = Deadline(after: .seconds(5))
      let socket = try UnixSocket(connectingTo: path, .packets, deadline: deadline)
      try socket.send(request, deadline: deadline)
      return try socket.receive(limit: 100, deadline: deadline)
    }

    /// The exit status, or the number of the signal.
    func end() -> CInt {
      var status: CInt = 0
      _ = unsafe waitpid(process, &status, 0)
      return status & 0x7f == 0 ? status >> 8 : status & 0x7f
    }
  }

  /// The result of `body` for a holder with these arguments after its description.
  private func holding(_ words: [String] = ["2"], _ body: (Socket) throws -> String) throws -> String {
    let tree = try TemporaryTree()
    let path = tree.root + "/cam"
    let outcome = try ChildProcess.run(within: 20_000_000_000) {
      do {
        let bound = try UnixSocket(listeningAt: path, .packets)
        let listener = dup(bound.descriptor)
        var status = stat()
        _ = unsafe stat(path, &status)
        let all = ["dmabuf-holder", "cam", "\(status.st_dev):\(status.st_ino)", "description"] + words
        var ends: [CInt] = [-1, -1]
        _ = unsafe pipe(&ends)
        let process = fork()
        if process == 0 {
          let kept = unsafe [
            ends[1], open(tree.root, O_RDONLY), listener, open("/dev/null", O_RDWR),
            open("/dev/zero", O_RDWR),
          ].map { fcntl($0, F_DUPFD, 100) }
          for (index, number) in kept.enumerated() { dup2(number, 3 + CInt(index)) }
          var texts = unsafe all.map { unsafe strdup($0) } + [nil]
          _exit(unsafe hold(CInt(all.count), &texts))
        }
        close(ends[1])
        var readiness: CInt = -1
        _ = unsafe read(ends[0], &readiness, 4)
        let socket = Socket(path: path, process: process)
        return readiness == 0 ? try body(socket) : "\(Errno(rawValue: readiness)), \(socket.end())"
      } catch {
        return "\(error)"
      }
    }
    guard case .output(let text) = outcome else { return "\(outcome)" }
    return text
  }

  private static func places(_ descriptors: [CInt]) -> String {
    descriptors.map { (try? DescriptorKind.of(descriptor: $0).description) ?? "?" }.joined(separator: " ")
  }

  @Test("A holder describes and passes its descriptors until it is released")
  func life() throws {
    let text = try holding { socket in
      let (described, fetched, all) = (
        try socket.ask([1, 0x64]).descriptors, try socket.ask([1, 0x66]).descriptors,
        try socket.ask([0x61]).descriptors
      )
      let found = "\(described) \(Self.places(fetched)), \(Self.places(all)), "
      let released = String(decoding: try socket.ask([1, 0x72]).bytes, as: UTF8.self)
      return found + "\(released), \(socket.end()), \(FilePermissions(socket.path) == nil)"
    }
    #expect(text == "[] /dev/null, /dev/null /dev/zero, description, 0, true")
  }

  @Test("A signal ends a holder, which removes its socket", arguments: [SIGTERM, SIGINT, SIGALRM])
  func signals(_ signal: CInt) throws {
    let text = try holding { socket in
      kill(socket.process, signal)
      return "\(socket.end()) \(FilePermissions(socket.path) == nil)"
    }
    #expect(text == "0 true")
  }

  @Test(
    "Invalid arguments are refused",
    arguments: [["0"], ["254"], ["x"], ["1", "9", "i", "1"], ["2", "9", "q", "1"], ["2", "x", "i", "1"]])
  func words(_ words: [String]) throws {
    #expect(try holding(words) { _ in "ready" }.hasSuffix(", 64"))
  }

  @Test("The name of a socket that is empty, too long or in use is refused with the kernel's reason")
  func addresses() throws {
    let long = "/tmp/" + String(repeating: "x", count: 110)
    let error = #expect(throws: KernelError.self) { _ = try UnixSocket(listeningAt: long, .packets) }
    #expect(error?.call == .bind && error?.errno == .fileNameTooLong)
    let absence = #expect(throws: KernelError.self) { _ = try UnixSocket(listeningAt: "", .packets) }
    #expect(absence?.call == .bind && absence?.errno == .noSuchFileOrDirectory)

    let name = "dmabuf-test-\(getpid())"
    let kind = CInt(SOCK_DGRAM.rawValue)
    let (first, second) = (socket(AF_UNIX, kind, 0), socket(AF_UNIX, kind, 0))
    #expect(unsafe UnixSocket.withAddress(name, isAbstract: true) { unsafe bind(first, $0, $1) } == 0)
    #expect(unsafe UnixSocket.withAddress(name, isAbstract: true) { unsafe bind(second, $0, $1) } == -1)
    #expect(errno == EADDRINUSE)
    close(first)
    close(second)
  }
}

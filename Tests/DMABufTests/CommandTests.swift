// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufHost

/// Each test runs the command from a process of its own, with one thread and its own signals.
@Suite("Commands that inherit descriptors", .serialized)
struct CommandTests {
  /// The result or the error of `body` in that process.
  private func apart(ignoring ignored: CInt? = nil, _ body: () throws -> Int32) throws -> String {
    let outcome = try ChildProcess.run(within: 20_000_000_000) {
      // Threads that run tests block signals.
      var none = sigset_t()
      unsafe sigemptyset(&none)
      unsafe sigprocmask(SIG_SETMASK, &none, nil)
      signal(SIGPIPE, SIG_DFL)
      if let ignored { signal(ignored, SIG_IGN) }
      Interruption.adoptSignals()
      do {
        return "\(try body())"
      } catch {
        return "\(error)"
      }
    }
    guard case .output(let text) = outcome else { return "\(outcome)" }
    return text
  }

  private static func run(_ words: String..., descriptors: [CInt] = []) throws -> Int32 {
    try Command.run(words, variables: [:], descriptors: descriptors)
  }

  @Test("The exit status is that of the command, or 128 + N after signal N")
  func status() throws {
    #expect(try apart { try Self.run("true") } == "0")
    #expect(try apart { try Self.run("sh", "-c", "exit 7") } == "7")
    #expect(try apart { try Self.run("sh", "-c", "kill -KILL $$") } == "137")
  }

  @Test("A command that cannot be started is named, with the reason")
  func notStarted() throws {
    #expect(try apart { try Self.run("no such command") } == "no such command: exec: No such file or directory")
    #expect(try apart { try Self.run("/dev/null") } == "/dev/null: exec: Permission denied")
    #expect(try apart { try Self.run("true", descriptors: [999]) } == "true: exec: Bad file descriptor")
  }

  @Test("sh runs a script without a line for the interpreter")
  func plainScript() throws {
    let tree = try TemporaryTree()
    try tree.file("script", "exit 9\n")
    let path = tree.root + "/script"
    #expect(unsafe chmod(path, 0o755) == 0)
    #expect(try apart { try Self.run(path) } == "9")
  }

  @Test("A command inherits the named descriptors, and no others")
  func descriptors() throws {
    let given = try OwnedDescriptor(duplicating: 0)
    let kept = try OwnedDescriptor(duplicating: 0)
    let (open, closed) = (given.rawValue, kept.rawValue)
    let script = "test -e /proc/self/fd/\(open) && ! test -e /proc/self/fd/\(closed)"
    #expect(try apart { try Self.run("sh", "-c", script, descriptors: [open]) } == "0")
  }

  @Test("Variables are set and removed, and others do not change")
  func variables() throws {
    let script = #"test "$ADDED" = 1 && test -z "${HOME+x}" && test -n "$PATH""#
    let words = ["sh", "-c", script]
    let status = try apart { try Command.run(words, variables: ["ADDED": "1", "HOME": nil], descriptors: []) }
    #expect(status == "0")
  }

  @Test(
    "A signal to this process reaches the command", arguments: [SIGTERM, SIGUSR1, SIGALRM, SIGWINCH])
  func passing(_ signal: CInt) throws {
    let script = "trap 'exit 9' \(signal); kill -\(signal) $PPID; while :; do sleep 0.01; done"
    #expect(try apart { try Self.run("sh", "-c", script) } == "9")
  }

  @Test("A signal before the start of the command ends it, or prevents the start")
  func early() throws {
    let blocked = try apart {
      var set = sigset_t()
      unsafe sigemptyset(&set)
      unsafe sigaddset(&set, SIGTERM)
      unsafe sigprocmask(SIG_BLOCK, &set, nil)
      kill(getpid(), SIGTERM)
      return try Self.run("sleep", "10")
    }
    #expect(blocked == "143")
    let noted = try apart {
      kill(getpid(), SIGTERM)
      return try Self.run("true")
    }
    #expect(noted == "interrupted")
  }

  @Test("A command ignores the signals that were ignored when this process started")
  func inherited() throws {
    // SIGCHLD is bit 16, SIGPIPE bit 12. Shells set SIGCHLD themselves.
    let ignored = "^SigIgn:.[0-9a-f]{11}[13579bdf][02468ace][0-9a-f]{3}$"
    let text = try apart(ignoring: SIGCHLD) { try Self.run("grep", "-qE", ignored, "/proc/self/status") }
    #expect(text == "0")
    #expect(try apart { try Self.run("grep", "-qE", ignored, "/proc/self/status") } == "1")
  }

  @Test("This process still ignores its ignored signals while a command runs")
  func ignored() throws {
    let text = try apart {
      signal(SIGHUP, SIG_IGN)
      return try Self.run("sh", "-c", "kill -HUP $PPID; sleep 0.1; exit 5")
    }
    #expect(text == "5")
  }
}

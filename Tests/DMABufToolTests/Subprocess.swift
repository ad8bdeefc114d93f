// SPDX-License-Identifier: MIT
import Foundation
import Glibc

/// The status and the output of a program.
struct Outcome {
  /// The exit status, or 128 + N if signal N ended the program.
  var status: CInt
  var output: String
  var errors: String
}

/// The destination of a program's standard output.
enum Destination {
  case captured
  /// A pipe whose reader has exited.
  case brokenPipe
  /// A closed descriptor.
  case closed
  case file(String)
  /// A terminal with this number of columns.
  case terminal(columns: UInt16)
}

/// Runs programs as a user does, with posix_spawn(3).
enum Subprocess {
  /// The executable that was built with these tests.
  static let dmabuf = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("dmabuf").path

  static func isInstalled(_ program: String) -> Bool { FileManager.default.isExecutableFile(atPath: program) }

  /// Runs dmabuf.
  static func dmabuf(
    _ arguments: String..., to destination: Destination = .captured, environment: [String: String] = [:]
  ) throws -> Outcome {
    try run(dmabuf, arguments, to: destination, environment: environment)
  }

  /// Runs a line of shell in which `dmabuf` is the executable.
  static func shell(_ script: String) throws -> Outcome {
    try run("/bin/sh", ["-c", "dmabuf() { '\(dmabuf)' \"$@\"; }\n" + script])
  }

  static func run(
    _ program: String, _ arguments: [String], to destination: Destination = .captured,
    environment: [String: String] = [:]
  ) throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dmabuf-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = folder.path + "/output"
    let errors = folder.path + "/errors"

    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o600)
    var terminal: Terminal?
    var pipe: FileHandle?
    defer { try? pipe?.close() }
    switch destination {
    case .captured:
      unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    case .file(let path):
      unsafe posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY, 0)
    case .closed:
      unsafe posix_spawn_file_actions_addclose(&actions, 1)
    case .brokenPipe:
      let end = try brokenPipe()
      pipe = end
      unsafe posix_spawn_file_actions_adddup2(&actions, end.fileDescriptor, 1)
    case .terminal(let columns):
      let opened = try Terminal(columns: columns)
      unsafe posix_spawn_file_actions_addopen(&actions, 1, opened.path, O_RDWR | O_NOCTTY, 0)
      terminal = opened
    }

    var variables = ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "TERM": "xterm"]
    variables.merge(environment) { $1 }
    let pid = try unsafe spawn([program] + arguments, variables, &actions)
    let shown = terminal?.readAll()
    let status = wait(for: pid)
    return Outcome(
      status: status, output: shown ?? text(output), errors: text(errors))
  }

  private static func text(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  private static func spawn(
    _ arguments: [String], _ variables: [String: String], _ actions: inout posix_spawn_file_actions_t
  ) throws -> pid_t {
    var argumentPointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var variablePointers = unsafe variables.map { unsafe strdup("\($0)=\($1)") } + [nil]
    defer { unsafe (argumentPointers + variablePointers).forEach { unsafe free($0) } }
    var pid = pid_t()
    let error = unsafe posix_spawn(&pid, arguments[0], &actions, nil, &argumentPointers, &variablePointers)
    guard error == 0 else { throw CocoaError(.fileNoSuchFile) }
    return pid
  }

  /// Waits for up to a minute. A program that hangs ends with status 137.
  private static func wait(for pid: pid_t) -> CInt {
    var status: CInt = 0
    var hasEnded = false
    for _ in 0..<30_000 where !hasEnded {
      hasEnded = unsafe waitpid(pid, &status, WNOHANG) != 0
      if !hasEnded { usleep(2000) }
    }
    if !hasEnded {
      kill(pid, SIGKILL)
      _ = unsafe waitpid(pid, &status, 0)
    }
    let signal = status & 0x7f
    return signal == 0 ? status >> 8 & 0xff : 128 + signal
  }

  /// A pair of sockets, as a pipe that is close-on-exec from its creation.
  private static func brokenPipe() throws -> FileHandle {
    var ends: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw CocoaError(.fileNoSuchFile) }
    close(ends[0])
    return FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
  }
}

/// The side of a terminal that displays.
final class Terminal {
  private let number: CInt
  let path: String

  init(columns: UInt16) throws {
    // TIOCSPTLCK and TIOCGPTN of linux/tty.h: unlock the other side, and get its number.
    let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    number = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var isLocked: CInt = 0
    var index: CUnsignedInt = 0
    guard number >= 0, unsafe ioctl(number, unlock, &isLocked) == 0, unsafe ioctl(number, getNumber, &index) == 0
    else {
      throw CocoaError(.fileNoSuchFile)
    }
    path = "/dev/pts/\(index)"
    // struct winsize: rows, columns, and both in pixels.
    var size: [UInt16] = [25, columns, 0, 0]
    _ = unsafe ioctl(number, UInt(TIOCSWINSZ), &size)
  }

  deinit { close(number) }

  /// The displayed text until the program has closed its side.
  func readAll() -> String {
    var shown: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(number, &buffer, buffer.count)
      if count <= 0 { break }
      shown += buffer.prefix(count)
    }
    return String(decoding: shown, as: UTF8.self).replacing("\r\n", with: "\n")
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import SystemPackage

/// `dmabuf sync`: begins or ends CPU access.
struct Sync: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "Begin or end CPU access to a buffer.",
    usage: "dmabuf sync <REF> <OPERATION> [<options>]",
    discussion: """
      The operation start calls SYNC START. With --read it waits for the fences of writers, with --write for all \
      fences. The operation end calls SYNC END, and pulse calls both. Without --read and --write, both directions \
      are used.

      EXAMPLES
        dmabuf sync fd:3 pulse                         # wait for all fences
        dmabuf sync 4711:23 start --read --timeout 2s  # begin a read
      """)

  enum Operation: String, Choice, Encodable {
    case start, end, pulse
  }

  @Argument(
    help: ArgumentHelp("The buffer.", valueName: "REF"), completion: Completion.references,
    transform: Reference.init)
  var reference: Reference

  @Argument(help: ArgumentHelp("start for SYNC START, end for SYNC END, pulse for both.", valueName: "OPERATION"))
  var operation: Operation

  @OptionGroup var access: DirectionOptions<Bracketed>

  enum Bracketed: DirectionMeaning {
    static let read: ArgumentHelp = "Begin or end a read by the CPU. Default: read and write."
    static let write: ArgumentHelp = "Begin or end a write by the CPU. Default: read and write."
  }

  @Option(
    help: ArgumentHelp(
      "Stop waiting for fences after DURATION (500ms, 2s, 1m). Default: wait forever.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var timeout: TimeSpan?

  @Flag(help: .json) var json = false

  func run() throws {
    let deadline = timeout?.deadline
    let buffer = try reference.open()
    let direction = access.ofCPU
    let start = Clock.now
    if operation != .end { try AccessWait.begin(direction, to: buffer, deadline: deadline) }
    let waited = Clock.now - start
    if operation != .start { try buffer.endAccess(direction) }
    try SyncReport(ino: buffer.inode, operation: operation, direction: direction.word, waited: waited)
      .print(asJSON: json)
  }
}

struct SyncReport: Report, Encodable {
  let schema = "dmabuf.sync/1"
  let ino: UInt64
  let operation: Sync.Operation
  let direction: String
  let waited: UInt64

  enum CodingKeys: String, CodingKey {
    case schema, ino, operation, direction
    case waited = "waited_ns"
  }

  func text(style: Style) -> String {
    switch operation {
    case .start: "ino:\(ino): \(direction) access begun after \(Units.time(waited))"
    case .end: "ino:\(ino): \(direction) access ended"
    case .pulse: "ino:\(ino): \(direction) access begun after \(Units.time(waited)), and ended"
    }
  }
}

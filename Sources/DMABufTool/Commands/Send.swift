// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHolding
import DMABufHost
import SystemPackage

/// `dmabuf send`: sends buffers to another program.
struct Send: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send buffers over a Unix socket.",
    discussion: """
      The receiver is any program that accepts descriptors by SCM_RIGHTS. All buffers are sent in one message, \
      whose data is one zero byte.

      EXAMPLES
        dmabuf send /run/user/1000/compositor.sock camera  # to a listener
        dmabuf send ./frames.sock fd:3 fd:4 --listen       # to a client
      """)

  @Argument(help: ArgumentHelp("Path of the Unix socket.", valueName: "SOCKET"))
  var socket: String

  @Argument(
    help: ArgumentHelp("Buffers to send, at most 253.", valueName: "REF"), completion: Completion.references,
    transform: {
      guard !$0.contains("/") else {
        throw ValidationError("the path of the socket is the first argument, before the buffers")
      }
      return try Reference($0)
    })
  var references: [Reference]

  @OptionGroup(title: "CONNECTION") var passing: PassingOptions
  @Flag(help: .json) var json = false

  func validate() throws {
    if references.count > 253 { throw ValidationError("one message carries at most 253 buffers") }
  }

  func run() throws {
    let deadline = passing.timeout?.deadline
    let buffers = Kept<DMABuffer>()
    for reference in references { buffers.append(try reference.open()) }
    let peer = try passing.connect(socket, deadline: deadline)
    try peer.send([0], descriptors: buffers.numbers, deadline: deadline)
    try PassingReport(buffers, schema: "dmabuf.send/1", names: []).print(asJSON: json)
  }
}

/// `dmabuf receive`: receives buffers from another program.
struct Receive: CommandBeforeAnother {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Receive buffers over a Unix socket.",
    usage: "dmabuf receive <SOCKET> [<options>] [-- <COMMAND> ...]",
    discussion: """
      Receives the first message with descriptors (SCM_RIGHTS) from any program. Descriptors that are not dma-bufs \
      are reported and closed.

      EXAMPLES
        dmabuf receive ./frames.sock --listen --hold frame       # hold the buffers
        dmabuf receive /run/user/1000/camera.sock -- my-program  # pass them on
      """)

  @Argument(help: ArgumentHelp("Path of the Unix socket.", valueName: "SOCKET"))
  var socket: String

  @OptionGroup(title: "CONNECTION") var passing: PassingOptions
  @Flag(help: .json) var json = false
  @OptionGroup var keeping: KeepOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run, which inherits the descriptors.", valueName: "COMMAND"))
  var command: [String] = []

  func run() throws {
    try checkKeeping()
    let deadline = passing.timeout?.deadline
    let peer = try passing.connect(socket, deadline: deadline)
    let (buffers, others) = try receive(from: peer, deadline: deadline)
    for other in others { Diagnostics.say("\(other.subject) is \(other.kind), not a dma-buf", hint: nil) }
    guard buffers.count > 0 else {
      throw Failure("cannot use \(UntrustedText(socket.utf8).escaped): no buffer was received")
    }
    try keep(buffers) { try PassingReport(buffers, schema: "dmabuf.receive/1", names: $0) }
    if !others.isEmpty { throw Failure.reported }
  }

  private func nextMessage(from peer: borrowing UnixSocket, deadline: Deadline?) throws -> UnixSocket.Message {
    do {
      return try peer.receive(limit: 64 << 10, deadline: deadline)
    } catch let error as TimedOut {
      throw Failure("\(error)", hint: "the other process has not sent a buffer", status: .timedOut)
    }
  }

  /// Receives the first message that carries descriptors. Messages before it carry only data, and are dropped.
  private func receive(
    from peer: borrowing UnixSocket, deadline: Deadline?
  ) throws -> (Kept<DMABuffer>, [WrongKind]) {
    let buffers = Kept<DMABuffer>()
    var others: [WrongKind] = []
    while true {
      let message = try nextMessage(from: peer, deadline: deadline)
      if message.bytes.isEmpty && message.descriptors.isEmpty { return (buffers, others) }
      for (index, descriptor) in message.descriptors.enumerated() {
        do {
          buffers.append(
            try DMABuffer(OpenFile(OwnedDescriptor(owning: descriptor), name: "descriptor \(index) received")))
        } catch let error as WrongKind {
          others.append(error)
        }
      }
      if !message.descriptors.isEmpty { return (buffers, others) }
      // A peer can send messages without descriptors forever.
      if let deadline, deadline.isPast { throw TimedOut(.poll, on: socket) }
    }
  }
}

/// Options that `send` and `receive` use to connect to the other program.
struct PassingOptions: ParsableArguments {
  @Flag(help: "Create the socket and wait for a connection. Default: connect to it.")
  var listen = false

  @Option(
    help: ArgumentHelp("Stop waiting after DURATION (500ms, 2s, 1m). Default: wait forever.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var timeout: TimeSpan?

  /// Connects to the other program at this path. A socket that was created for the connection is removed again.
  func connect(_ path: String, deadline: Deadline?) throws -> UnixSocket {
    if path.isEmpty { throw ValidationError("the path of the socket is empty") }
    if listen {
      do {
        return try accept(path, deadline: deadline)
      } catch let error as TimedOut {
        throw Failure("\(error)", hint: "no process has connected to the socket", status: .timedOut)
      }
    }
    do {
      return try UnixSocket(connectingTo: path, .stream, deadline: deadline)
    } catch let error as KernelError where error.errno == .protocolWrongTypeForSocket {
      return try UnixSocket(connectingTo: path, .packets, deadline: deadline)
    }
  }

  private func accept(_ path: String, deadline: Deadline?) throws -> UnixSocket {
    let progress = Progress(after: 0)
    defer { progress.finish() }
    progress.show("\(path): waiting for the other program to connect")
    return try UnixSocket.acceptOne(at: path, deadline: deadline)
  }
}

/// The buffers that were sent or received.
struct PassingReport: Report, Encodable {
  let schema: String
  let buffers: [BufferSummary]

  init(_ buffers: Kept<DMABuffer>, schema: String, names: [HeldName]) throws {
    self.schema = schema
    self.buffers = try BufferSummary.all(buffers, heldAs: names)
  }

  func text(style: Style) -> String {
    var table = Table(BufferSummary.columns + [.init("HELD AS")])
    table.rows = buffers.map { $0.cells + [$0.heldAs ?? "-"] }
    return table.lines(style: style).joined(separator: "\n")
  }
}

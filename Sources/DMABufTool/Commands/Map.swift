// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise
import DMABufHost

/// `dmabuf map`: looks at and changes a buffer's memory through the CPU.
struct Map: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Read, write and check a buffer's memory.",
    discussion: """
      Access is always bracketed by DMA_BUF_IOCTL_SYNC. Patterns depend on the offset from the buffer's \
      start alone: zero; 0xNN…, these bytes over and over; counter, 64-bit words that count up; \
      random:SEED, the words of SplitMix64.

      EXAMPLES
        dmabuf map fd:3 --dump --length 256
        dmabuf map fd:3 --fill counter
        dmabuf map 4711:23 --verify counter
        dmabuf map 4711:23 --output frame.raw
      """)

  @Argument(help: "The buffer.", completion: Completion.references, transform: Reference.init)
  var reference: Reference

  @Flag(help: "Print bytes as hexdump -C does. Default on a terminal: the first 256 bytes.")
  var dump = false

  @Option(help: "Write a pattern.", transform: Pattern.init(argument:))
  var fill: Pattern?

  @Option(help: "Compare with a pattern; exit 1 if it differs.", transform: Pattern.init(argument:))
  var verify: Pattern?

  @Option(help: ArgumentHelp("Copy the buffer to a file; - is standard output.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Copy a file to the buffer; - is standard input.", valueName: "file"))
  var input: String?

  @Flag(help: "Print XXH3 (64 bits) of the bytes, as xxhsum -H3 does.")
  var checksum = false

  @Flag(help: "Measure how fast the CPU reads and writes; contents stay.")
  var bandwidth = false

  @Option(help: "Start this far into the buffer.", transform: { try ByteSize($0, atLeast: 0) })
  var offset = ByteSize(0)

  @Option(help: "Take this many bytes. Default: to the end.", transform: { try ByteSize($0) })
  var length: ByteSize?

  @Flag(help: "Leave out SYNC, to show what that does.")
  var noSync = false

  @Option(help: "Give up waiting for devices after this long (500ms, 2s).", transform: TimeSpan.init)
  var timeout: TimeSpan?

  @Flag(help: .json) var json = false

  private var operations: [MapOperation] {
    [
      dump ? .dump : nil, fill.map { .fill($0) }, verify.map { .verify($0) }, output.map { .output($0) },
      input.map { .input($0) }, checksum ? .checksum : nil, bandwidth ? .bandwidth : nil,
    ].compactMap(\.self)
  }

  func validate() throws {
    if operations.count > 1 {
      throw ValidationError(
        "Only one of --dump, --fill, --verify, --output, --input, --checksum and --bandwidth can be done at a time")
    }
    if json, output == "-" || operations.isEmpty || dump {
      throw ValidationError("The bytes themselves go to standard output, so --json has no place there")
    }
  }

  func run() throws {
    let deadline = timeout?.deadline
    let buffer = try reference.open()
    let size = buffer.size
    let excerpt = excerpt(of: size)
    let access = try MapAccess(
      buffer: buffer, offset: offset.bytes, length: excerpt ?? length?.bytes, isSynchronized: !noSync,
      deadline: deadline)
    let report = try access.run(operations.first ?? .dump)
    if let report {
      try report.print(asJSON: json)
      if !report.ok { throw Failure.reported }
    }
    if let excerpt {
      Diagnostics.say(
        "\(reference): printed \(excerpt) of \(size) bytes",
        hint: "--dump prints all bytes, --length N the first N")
    }
  }

  /// How many bytes to print on a terminal when no operation was chosen; `nil` for all of them.
  private func excerpt(of size: Int) -> Int? {
    guard operations.isEmpty, length == nil, StandardStream.output.isTerminal, size - offset.bytes > 256 else {
      return nil
    }
    return 256
  }
}

/// The one thing `map` is to do.
enum MapOperation {
  case dump, checksum, bandwidth
  case fill(Pattern)
  case verify(Pattern)
  case output(String)
  case input(String)

  var name: String {
    switch self {
    case .dump: "dump"
    case .checksum: "checksum"
    case .bandwidth: "bandwidth"
    case .fill: "fill"
    case .verify: "verify"
    case .output: "output"
    case .input: "input"
    }
  }

  var direction: AccessDirection {
    switch self {
    case .dump, .checksum, .verify, .output: .read
    case .fill, .input: .write
    case .bandwidth: [.read, .write]
    }
  }
}

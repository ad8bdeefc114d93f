// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise
import DMABufHost

/// `dmabuf map`: reads, writes and verifies a buffer's memory through the CPU.
struct Map: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Read, write and verify the memory of a buffer.",
    usage: "dmabuf map <REF> [<options>]",
    discussion: """
      Begins CPU access with SYNC START and ends it with SYNC END (DMA_BUF_IOCTL_SYNC). A pattern depends only on \
      the offset from the start of the buffer. Pattern zero is zero bytes, 0xNN... repeats these bytes, counter is \
      64-bit words that count up. Pattern random:SEED is the words of SplitMix64.

      EXAMPLES
        dmabuf map fd:3 --dump --length 256        # print 256 bytes
        dmabuf map fd:3 --fill counter             # write a pattern
        dmabuf map 4711:23 --verify counter        # compare with it
        dmabuf map 4711:23 --output frame.raw      # copy to a file
      """)

  @Argument(
    help: ArgumentHelp("The buffer to map.", valueName: "REF"), completion: Completion.references,
    transform: Reference.init)
  var reference: Reference

  @Flag(help: "Print the bytes as hexdump -C does. This is the default, on a terminal for the first 256 bytes.")
  var dump = false

  @Option(
    help: ArgumentHelp("Write PATTERN: zero, 0xNN, counter or random:SEED.", valueName: "PATTERN"),
    transform: Pattern.init(argument:))
  var fill: Pattern?

  @Option(
    help: ArgumentHelp("Compare with PATTERN. Exit with 1 if a byte differs.", valueName: "PATTERN"),
    transform: Pattern.init(argument:))
  var verify: Pattern?

  @Option(help: ArgumentHelp("Copy the buffer to FILE; - is standard output.", valueName: "FILE"))
  var output: String?

  @Option(help: ArgumentHelp("Copy FILE to the buffer; - is standard input.", valueName: "FILE"))
  var input: String?

  @Flag(help: "Print the XXH3 checksum (64 bits) of the bytes, as xxhsum -H3 does.")
  var checksum = false

  @Flag(help: "Measure how fast the CPU reads and writes. The contents do not change.")
  var bandwidth = false

  @Option(
    help: ArgumentHelp("Start at this offset in bytes (0, 4096, 64K). Default: 0.", valueName: "SIZE"),
    transform: { try ByteSize($0, atLeast: 0) })
  var offset = ByteSize(0)

  @Option(
    help: ArgumentHelp("Use SIZE bytes (256, 64K). Default: to the end of the buffer.", valueName: "SIZE"),
    transform: { try ByteSize($0) })
  var length: ByteSize?

  @Flag(help: "Skip SYNC START and SYNC END, to show what missing ones do.")
  var noSync = false

  @Option(
    help: ArgumentHelp(
      "Stop waiting for fences after DURATION (500ms, 2s, 1m). Default: wait forever.", valueName: "DURATION"),
    transform: TimeSpan.init)
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
        "use only one of --dump, --fill, --verify, --output, --input, --checksum and --bandwidth")
    }
    if json, output == "-" || operations.isEmpty || dump {
      throw ValidationError("--json excludes --dump and --output -: the bytes are written to standard output")
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
        hint: "use --dump to print all bytes, or --length N to print the first N")
    }
  }

  /// The number of bytes to print on a terminal when the user chose no operation; `nil` for all bytes.
  private func excerpt(of size: Int) -> Int? {
    guard operations.isEmpty, length == nil, StandardStream.output.isTerminal, size - offset.bytes > 256 else {
      return nil
    }
    return 256
  }
}

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

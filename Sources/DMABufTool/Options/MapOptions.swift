// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABufExercise

/// What `dmabuf map` does with the bytes: one operation.
struct MapOperationOptions: ParsableArguments {
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

  private var all: [MapOperation] {
    [
      dump ? .dump : nil, fill.map { .fill($0) }, verify.map { .verify($0) }, output.map { .output($0) },
      input.map { .input($0) }, checksum ? .checksum : nil, bandwidth ? .bandwidth : nil,
    ].compactMap(\.self)
  }

  /// The operation of the command line; `nil` without one.
  var chosen: MapOperation? { all.first }
  /// Whether an operation was chosen that excludes --image.
  var excludesImage: Bool { chosen != nil && output == nil }

  func validate() throws {
    guard all.count <= 1 else {
      throw ValidationError("use only one of --dump, --fill, --verify, --output, --input, --checksum and --bandwidth")
    }
  }
}

/// Which bytes `dmabuf map` accesses, and how.
struct MapRangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Start at this offset in bytes (0, 4096, 64K); of an image, the offsets of its planes. Default: 0.",
      valueName: "SIZE[,SIZE]"),
    transform: { try ByteList($0) })
  var offset: ByteList?

  /// The offset of the first byte.
  var start: Int { offset?.bytes[0] ?? 0 }

  @Option(
    help: ArgumentHelp(
      "Use SIZE bytes (256, 64K), or those of the image that is held (image). Default: to the end of the buffer.",
      valueName: "SIZE"),
    transform: Length.init)
  var length: Length?

  /// A number of bytes, or the size of a held image.
  enum Length: Equatable {
    case bytes(Int)
    case image

    init(_ text: String) throws { self = text == "image" ? .image : .bytes(try ByteSize(text).bytes) }
  }

  @Flag(help: "Skip SYNC START and SYNC END, to show what missing ones do.")
  var noSync = false

  @Option(
    help: ArgumentHelp(
      "Stop waiting for fences after DURATION (500ms, 2s, 1m). Default: wait forever.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var timeout: TimeSpan?
}

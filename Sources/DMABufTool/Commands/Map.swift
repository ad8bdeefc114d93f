// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise
import DMABufHost
import DMABufImage

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
        dmabuf map fd:3 --dump --length 256    # print 256 bytes
        dmabuf map fd:3 --fill counter         # write a pattern
        dmabuf map 4711:23 --verify counter    # compare with it
        dmabuf map 4711:23 --output frame.raw  # copy to a file
        dmabuf map 4711:23 --image 1920x1080:NV12 --output frame.png  # a picture
      """)

  @Argument(
    help: ArgumentHelp("The buffer to map.", valueName: "REF"), completion: Completion.references,
    transform: Reference.init)
  var reference: Reference

  @OptionGroup(title: "OPERATION") var operation: MapOperationOptions
  @OptionGroup(title: "PICTURE") var picture: PictureOptions
  @OptionGroup(title: "RANGE AND ACCESS") var range: MapRangeOptions
  @Flag(help: .json) var json = false

  func validate() throws {
    if picture.image != nil { return try validateImage() }
    if range.offset?.bytes.count ?? 1 > 1 { throw ValidationError("several offsets need --image") }
    if json, operation.output == "-" || operation.chosen == nil || operation.dump {
      throw ValidationError("--json excludes --dump and --output -: the bytes are written to standard output")
    }
  }

  func run() throws {
    if picture.image != nil { return try runImage() }
    let deadline = range.timeout?.deadline
    let buffer = try reference.open()
    let size = buffer.size
    let excerpt = excerpt(of: size)
    let access = try MapAccess(
      buffer: buffer, offset: range.start, length: try excerpt ?? length(),
      isSynchronized: !range.noSync, deadline: deadline)
    let report = try access.run(operation.chosen ?? .dump)
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

  /// The number of bytes on the command line, or of the image that the holder remembers.
  private func length() throws -> Int? {
    switch range.length {
    case nil: return nil
    case .bytes(let count): return count
    case .image:
      guard let image = try reference.heldImage() else {
        throw Failure("cannot map \(reference): its image is not known", hint: "use --length SIZE", status: .usage)
      }
      return image.size
    }
  }

  /// The number of bytes to print on a terminal when the user chose no operation; `nil` for all bytes.
  private func excerpt(of size: Int) -> Int? {
    let isExcerpt = operation.chosen == nil && range.length == nil && StandardStream.output.isTerminal
    return isExcerpt && size - range.start > 256 ? 256 : nil
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

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// The buffers that `dmabuf import` allocates.
struct ImportSourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Try a new buffer of SOURCE, as in dmabuf alloc. Can be repeated.", valueName: "SOURCE"),
    completion: Completion.sources, transform: BufferSource.init(argument:))
  var from: [BufferSource] = []

  @Option(
    help: ArgumentHelp("Allocate the buffers of --from with SIZE bytes (64K, 8M). Default: 8M.", valueName: "SIZE"),
    transform: { try ByteSize($0) })
  var size = ByteSize(8 << 20)
}

/// The frames that `dmabuf import` streams.
struct ImportStreamOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Stream N frames through the buffers of V4L2 queues.", valueName: "N"))
  var stream: Int?

  @Option(
    help: ArgumentHelp(
      "Set size and format of V4L2 queues for the trial, and restore them. Default: the current ones.",
      valueName: "WxH:FOURCC"),
    transform: ImageArgument.init)
  var format: ImageArgument?

  @Flag(help: "Print the XXH3 checksum of each frame. Needs --stream.")
  var checksum = false

  @Option(
    help: ArgumentHelp("Stop waiting for a frame after DURATION (500ms, 2s). Default: 5s.", valueName: "DURATION"),
    transform: TimeSpan.init)
  var timeout = TimeSpan(.seconds(5))

  var frames: ImportTrial.Stream? {
    stream.map { ImportTrial.Stream(frames: $0, isChecked: checksum, timeout: timeout.duration) }
  }

  func validate() throws {
    try ValidationError.check(stream, of: "--stream <N>", in: 1 ... .max)
    if checksum, stream == nil { throw ValidationError("--checksum needs --stream") }
  }
}

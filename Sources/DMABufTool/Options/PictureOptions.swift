// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufImage

/// The image that `dmabuf map` shows, and how.
struct PictureOptions: ParsableArguments {
  /// An image on the command line, or the word --image alone.
  enum Image: Equatable, CustomStringConvertible {
    case known
    case given(String)

    var description: String { "the held image" }
  }

  /// How a picture is drawn on a terminal.
  enum Graphics: String, Choice {
    case auto, blocks, kitty, sixel
  }

  @Option(
    defaultAsFlag: .known,
    help: ArgumentHelp(
      "Show the buffer as a picture. The image may have a modifier (640x480:XR24:LINEAR).",
      valueName: "WxH:FOURCC"),
    transform: PictureOptions.image)
  var image: Image?

  @Option(
    help: ArgumentHelp("Show WIDTH by HEIGHT pixels from column X and line Y on.", valueName: "WxH+X+Y"),
    transform: PictureArea.init)
  var crop: PictureArea?

  @Option(
    help: ArgumentHelp("Show one channel in grey: Y, U, V, R, G, B or A.", valueName: "LETTER"),
    transform: PictureOptions.channel)
  var channel: PixelFormat.Channel?

  @Option(
    help: ArgumentHelp(
      "Use the matrix 601, 709 or 2020 for YUV, and the range limited or full (709, 601:full). Default: as V4L2 does.",
      valueName: "SPACE"),
    transform: ColourArgument.init)
  var colour: ColourArgument?

  @Option(
    help: ArgumentHelp("Compare with the image in another buffer. Exit with 1 if a pixel differs.", valueName: "REF"),
    completion: Completion.references, transform: Reference.init)
  var compare: Reference?

  @Option(help: ArgumentHelp("Accept differences of up to N of 255 in a channel. Default: 0.", valueName: "N"))
  var tolerance: Int?

  @Option(help: ArgumentHelp("Wait until the image has changed N times, and show it then.", valueName: "N"))
  var frame: Int?

  @Flag(help: "Show the picture again whenever the buffer changes, until ^C. Needs a terminal.")
  var watch = false

  @Option(help: ArgumentHelp("Draw on the terminal by METHOD. With auto, ask the terminal.", valueName: "METHOD"))
  var graphics = Graphics.auto

  @OptionGroup var layout: LayoutOptions

  /// What to show of the image.
  var view: ImageSource.View { ImageSource.View(crop: crop, channel: channel, colour: colour) }

  func validate() throws {
    guard image != nil else {
      let given = [
        ("--crop", crop != nil), ("--channel", channel != nil), ("--colour", colour != nil),
        ("--compare", compare != nil), ("--tolerance", tolerance != nil), ("--frame", frame != nil),
        ("--watch", watch), ("--graphics", graphics != .auto),
        ("--stride, --align and --layout", layout.isGiven),
      ].first { $0.1 }
      if let given { throw ValidationError("\(given.0) \(given.0.contains(",") ? "need" : "needs") --image") }
      return
    }
    if case .given(let text) = image { _ = try ImageArgument(text) }
    if tolerance != nil, compare == nil { throw ValidationError("--tolerance needs --compare") }
    if watch, compare != nil { throw ValidationError("--watch and --compare exclude each other") }
    if graphics != .auto, compare != nil { throw ValidationError("--graphics and --compare exclude each other") }
    if watch, graphics == .kitty || graphics == .sixel {
      throw ValidationError("--watch draws with blocks; it excludes --graphics \(graphics.rawValue)")
    }
    try ValidationError.check(tolerance, of: "--tolerance <N>", in: 0...255)
    try ValidationError.check(frame, of: "--frame <N>", in: 1...1_000_000)
    if watch, frame != nil { throw ValidationError("--watch and --frame exclude each other") }
  }

  /// Accepts only what is meant as an image. After a bare --image, other words belong to the command.
  private static func image(_ text: String) throws -> Image {
    guard ImageArgument.isMeant(by: text) else { throw ValidationError("an image is WxH:FOURCC") }
    return .given(text)
  }

  private static func channel(_ text: String) throws -> PixelFormat.Channel {
    let words = ["Y", "U", "V", "R", "G", "B", "A"]
    guard words.contains(text.uppercased()), let channel = PixelFormat.Channel(rawValue: Character(text.uppercased()))
    else { throw ValidationError("a channel is Y, U, V, R, G, B or A") }
    return channel
  }
}

/// A part of a picture as the user types it: `640x480+0+16`.
struct PictureArea: Equatable {
  let x: Int
  let y: Int
  let width: Int
  let height: Int

  init(_ text: String) throws {
    let parts = text.split(scalar: "+", omittingEmptySubsequences: false)
    let numbers = parts.flatMap { $0.split(scalar: "x", omittingEmptySubsequences: false) }.map { Int($0) }
    guard parts.count == 3, numbers.count == 4, parts[0].contains("x"), let width = numbers[0],
      let height = numbers[1],
      let x = numbers[2], let y = numbers[3], 1...65536 ~= width, 1...65536 ~= height, 0...65535 ~= x, 0...65535 ~= y
    else { throw ValidationError("a part of a picture is WxH+X+Y, such as 640x480+0+16") }
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }
}

/// A colour space as the user types it: `709`, `601:full`.
struct ColourArgument: Equatable {
  let encoding: ColourSpace.Encoding
  let range: ColourSpace.Range?

  init(_ text: String) throws {
    let words = text.split(scalar: ":", omittingEmptySubsequences: false).map(String.init)
    let range = words.count == 2 ? ColourSpace.Range(rawValue: words[1]) : nil
    guard 1...2 ~= words.count, words.count == 1 || range != nil,
      let encoding = ColourSpace.Encoding(rawValue: words[0])
    else {
      throw ValidationError("a colour space is 601, 709 or 2020, and :limited or :full, such as 709 or 601:full")
    }
    (self.encoding, self.range) = (encoding, range)
  }

  /// The colour space for an image. A range that is not given is the default of the image.
  func space(for layout: ImageLayout) -> ColourSpace {
    ColourSpace(encoding, range ?? ColourSpace(defaultFor: layout).range)
  }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufExercise
import DMABufHost
import DMABufImage

extension Map {
  func validateImage() throws {
    guard !operation.excludesImage else {
      throw ValidationError("--image excludes all operations except --output")
    }
    guard range.length == nil else { throw ValidationError("--image and --length exclude each other") }
    if json, operation.output == nil || operation.output == "-", picture.compare == nil {
      throw ValidationError("--json needs --output FILE or --compare REF with --image")
    }
    if operation.output == "-", json { throw ValidationError("--json excludes --output -") }
    if picture.watch, operation.output != nil { throw ValidationError("--watch and --output exclude each other") }
    guard let path = operation.output, try PictureFile(path).format == .y4m else { return }
    if picture.crop != nil || picture.channel != nil || picture.colour != nil || picture.compare != nil {
      throw ValidationError("a .y4m file has the samples of the buffer; it excludes --crop, --channel, --colour and --compare")
    }
  }

  /// Shows, writes or compares the image in the buffer.
  func runImage() throws {
    guard let image = picture.image else { return }
    let deadline = range.timeout?.deadline
    let source = try ImageSource(reference, layout(image), picture, isSynchronized: !range.noSync, deadline: deadline)
    if let compare = picture.compare {
      let other = try ImageSource(compare, source.layout, picture, isSynchronized: !range.noSync, deadline: deadline)
      return try runComparison(source, other)
    }
    if let path = operation.output {
      let file = try PictureFile(path)
      let written = try file.write(source)
      if path != "-" { try ImageReport(source, file: path, size: written).print(asJSON: json) }
    } else if StandardStream.output.isTerminal {
      try TerminalPicture(source, isWatched: picture.watch).show()
    } else {
      throw Failure(
        "cannot show a picture: standard output is not a terminal",
        hint: "--output FILE.png writes a file, --output - writes PNG to standard output", status: .usage)
    }
  }

  /// The layout on the command line, or the one that the holder of the buffer remembers.
  private func layout(_ image: PictureOptions.Image) throws -> ImageLayout {
    if case .given(let text) = image {
      return try picture.layout.layout(of: ImageArgument(text), offsets: range.offset)
    }
    if let device = picture.layout.layout, range.offset == nil {
      return try DeviceLayout.current(of: device.resolve(primary: true))
    }
    guard let known = try reference.heldImage() else {
      throw Failure(
        "cannot show \(reference) as a picture: its image is not known",
        hint: "add size and format, as in --image 1920x1080:NV12, or --layout DEVICE for the format of a camera",
        status: .usage)
    }
    guard !picture.layout.isGiven, range.offset == nil else {
      throw ValidationError("--stride, --align and --offset need --image WxH:FOURCC")
    }
    return known
  }

  private func runComparison(_ source: borrowing ImageSource, _ other: borrowing ImageSource) throws {
    let difference: PictureDifference
    do {
      difference = try PictureDifference(source.picture(), other.picture(), tolerance: picture.tolerance ?? 0)
    } catch let error as PictureError {
      throw Failure("cannot compare \(source.name) with \(other.name): \(error)")
    }
    if let path = operation.output { try PictureFile(path).write(difference.picture) }
    let report = ComparisonReport(source, other, difference, tolerance: picture.tolerance ?? 0)
    if operation.output != "-" { try report.print(asJSON: json) }
    if !report.ok { throw Failure.reported }
  }
}

/// An image in a buffer, and the part of it to show.
struct ImageSource: ~Copyable {
  let layout: ImageLayout
  let name: String
  let inode: UInt64
  private let buffer: DMABuffer
  private let options: PictureOptions
  private let isSynchronized: Bool
  private let deadline: Deadline?

  init(
    _ reference: Reference, _ layout: ImageLayout, _ options: PictureOptions, isSynchronized: Bool, deadline: Deadline?
  ) throws {
    guard layout.isLinear else { throw Self.unreadable(reference, layout) }
    let buffer = try reference.open()
    guard layout.leastSize <= buffer.size else {
      throw Failure(
        "cannot show \(reference) as \(layout.words): the image needs \(layout.leastSize) bytes, and the buffer has \(buffer.size)"
      )
    }
    (name, inode) = ("\(reference)", buffer.inode)
    (self.layout, self.options, self.isSynchronized, self.deadline) = (layout, options, isSynchronized, deadline)
    self.buffer = buffer
  }

  /// A layout whose pixels cannot be found says so: nothing is guessed.
  private static func unreadable(_ reference: Reference, _ layout: ImageLayout) -> Failure {
    guard let modifier = layout.modifier, !layout.format.isOpaque else {
      return Failure(
        "cannot show \(reference) as \(layout.format): the format does not specify the positions of pixels",
        hint: "a decoder or the device that wrote it can read it; --dump prints the bytes")
    }
    return Failure(
      "cannot show \(reference): its pixels are arranged by the modifier \(modifier), not in lines",
      hint: "import it into the GPU or display that supports \(modifier), and copy it there to a linear buffer")
  }

  /// The channels and sides of the picture that is shown.
  var size: (width: Int, height: Int) {
    options.crop.map { ($0.width, $0.height) } ?? (layout.width, layout.height)
  }

  /// Reads the image between SYNC START and SYNC END.
  func picture() throws -> Picture {
    let whole = try access { bytes throws(PictureError) in
      try Picture(
        bytes, layout: layout, colours: options.colour?.space(for: layout), channel: options.channel)
    }
    guard let crop = options.crop else { return whole }
    return try explaining { () throws(PictureError) in
      try whole.cropped(x: crop.x, y: crop.y, width: crop.width, height: crop.height)
    }
  }

  /// A YUV4MPEG2 stream of one frame: the samples of the planes without conversion.
  func stream() throws -> [UInt8] {
    try access { bytes throws(PictureError) in
      let stream = try YUV4MPEG2(layout)
      return try stream.header + stream.frame(bytes)
    }
  }

  /// A checksum of the bytes of the image, to see whether it has changed.
  func fingerprint() throws -> UInt64 {
    try access { bytes throws(PictureError) in
      var checksum = Checksum()
      unsafe bytes.withUnsafeBytes { unsafe checksum.update($0) }
      return checksum.value
    }
  }

  private func access<Result>(_ body: (RawSpan) throws(PictureError) -> Result) throws -> Result {
    let mapped = try buffer.map(0..<layout.leastSize, for: .read)
    if isSynchronized { try AccessWait.begin(.read, to: buffer, deadline: deadline) }
    let result = Swift.Result { () throws -> Result in
      try explaining { () throws(PictureError) in try unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(mapped.bytes))) }
    }
    if isSynchronized { try buffer.endAccess(.read) }
    try Interruption.check()
    return try result.get()
  }

  private func explaining<Result>(_ body: () throws(PictureError) -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw Failure("cannot show \(name) as \(layout.words): \(error)")
    }
  }
}

extension ImageLayout {
  /// Size and format for sentences: `1920x1080 NV12`.
  var words: String { "\(width)x\(height) \(format)" }
}

// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
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
    if picture.graphics != .auto, operation.output != nil {
      throw ValidationError("--graphics and --output exclude each other")
    }
    if picture.watch, operation.output != nil { throw ValidationError("--watch and --output exclude each other") }
    guard let path = operation.output, try PictureFile(path).format == .y4m else { return }
    if picture.crop != nil || picture.channel != nil || picture.colour != nil || picture.compare != nil {
      throw ValidationError(
        "a .y4m file has the samples of the buffer; it excludes --crop, --channel, --colour and --compare")
    }
  }

  /// Shows, writes or compares the image in the buffer.
  func runImage() throws {
    guard let image = picture.image else { return }
    let access = ImageSource.Access(isSynchronized: !range.noSync, deadline: range.timeout?.deadline)
    let layout = try layout(image)
    let source = try ImageSource(reference.open(), "\(reference)", layout, picture.view, access)
    if let frame = picture.frame { try source.waitForChanges(frame) }
    if let compare = picture.compare {
      let other = try ImageSource(compare.open(), "\(compare)", layout, picture.view, access)
      return try runComparison(source, other)
    }
    if let path = operation.output {
      let file = try PictureFile(path)
      let written = try file.write(source)
      if path != "-" { try ImageReport(source, file: path, size: written).print(asJSON: json) }
    } else {
      try TerminalPicture(source, isWatched: picture.watch, graphics: picture.graphics).show()
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

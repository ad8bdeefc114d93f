// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufImage

/// Where the bytes of an image lie. The options belong to the image of the same command line.
struct LayoutOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Set the bytes from line to line, of plane 0 or of each plane. Default: no padding.", valueName: "N[,N]"),
    transform: { try ByteList($0, atLeast: 1) })
  var stride: ByteList?

  @Option(
    help: ArgumentHelp(
      "Use strides that are multiples of STRIDE bytes, and planes of HEIGHT lines (256, 64x16).",
      valueName: "STRIDE[xHEIGHT]"),
    transform: LayoutAlignment.init)
  var align: LayoutAlignment?

  @Option(
    help: ArgumentHelp("Use the stride and plane sizes of DEVICE for such an image.", valueName: "DEVICE"),
    completion: Completion.devices, transform: DeviceReference.init)
  var layout: DeviceReference?

  /// Whether the user chose anything about the layout.
  var isGiven: Bool { stride != nil || align != nil || layout != nil }

  func validate() throws {
    if layout != nil, stride != nil || align != nil {
      throw ValidationError("--layout excludes --stride and --align: the device chooses both")
    }
    if stride != nil, align != nil { throw ValidationError("--stride and --align exclude each other") }
  }

  /// The layout of an image with these options. `offsets` are those of the planes, or of plane 0 alone.
  func layout(of image: ImageArgument, offsets: ByteList?) throws -> ImageLayout {
    if let layout { return try DeviceLayout.of(image, on: layout.resolve(primary: true), offsets: offsets) }
    return try image.layout(strides: stride, offsets: offsets, alignment: align?.alignment)
  }
}

/// The layout of an image, with the offsets of its planes.
struct PlaneOptions: ParsableArguments {
  @OptionGroup var options: LayoutOptions

  @Option(
    help: ArgumentHelp(
      "Set the offset of the first plane in bytes, or of each. Default: no gaps.", valueName: "N[,N]"),
    transform: { try ByteList($0) })
  var offset: ByteList?

  /// Whether the user chose anything about the layout.
  var isGiven: Bool { options.isGiven || offset != nil }

  /// The layout of an image with these options.
  func layout(of image: ImageArgument) throws -> ImageLayout { try options.layout(of: image, offsets: offset) }
}

/// Numbers of bytes as the user types them: `2048,1024`.
struct ByteList: Equatable {
  let bytes: [Int]

  init(_ bytes: [Int]) { self.bytes = bytes }

  /// Parses one to four sizes of at least `minimum` bytes each.
  init(_ text: String, atLeast minimum: Int = 0) throws {
    let words = text.split(scalar: ",", omittingEmptySubsequences: false)
    guard words.count <= 4 else { throw ValidationError("an image has at most 4 planes") }
    bytes = try words.map { try ByteSize(String($0), atLeast: minimum).bytes }
  }
}

extension ByteList: CustomStringConvertible {
  var description: String { bytes.map { "\($0)" }.joined(separator: ",") }
}

/// What a device requires of strides and heights, as the user types it: `256`, `64x16`.
struct LayoutAlignment: Equatable {
  let alignment: ImageLayout.Alignment

  init(_ text: String) throws {
    let numbers = text.split(scalar: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard 1...2 ~= numbers.count, let stride = numbers[0], let height = numbers.count == 2 ? numbers[1] : 1,
      1...65536 ~= stride, 1...65536 ~= height
    else {
      throw ValidationError("an alignment is STRIDE or STRIDExHEIGHT, such as 256 or 64x16, each from 1 to 65536")
    }
    alignment = ImageLayout.Alignment(stride: stride, height: height)
  }
}

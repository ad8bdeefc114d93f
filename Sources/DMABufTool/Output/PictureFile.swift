// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHost
import DMABufImage

/// A file for a picture, in the format of its name.
struct PictureFile {
  enum Format {
    case png, ppm, y4m
  }

  private let path: String
  let format: Format

  /// `-` is PNG on standard output.
  init(_ path: String) throws {
    self.path = path
    let name = path.lowercased()
    if path == "-" || name.hasSuffix(".png") {
      format = .png
    } else if name.hasSuffix(".ppm") {
      format = .ppm
    } else if name.hasSuffix(".y4m") {
      format = .y4m
    } else {
      throw ValidationError("cannot write a picture to \(path): the file is a .png, .ppm or .y4m file")
    }
  }

  /// Writes the image, and returns the size of the file.
  @discardableResult
  func write(_ source: borrowing ImageSource) throws -> Int {
    format == .y4m ? try write(source.stream()) : try write(source.picture())
  }

  /// Writes a picture, and returns the size of the file.
  @discardableResult
  func write(_ picture: Picture) throws -> Int {
    switch format {
    case .png: return try write(picture.png())
    case .ppm: return try write(picture.ppm())
    case .y4m: throw Failure("cannot write \(path): this picture has no planes of YUV", status: .usage)
    }
  }

  private func write(_ bytes: [UInt8]) throws -> Int {
    if path == "-" {
      try StandardStream.output.write(bytes)
    } else {
      let file = try OutputFile(path)
      try file.write(bytes)
      try file.commit()
    }
    return bytes.count
  }
}

/// The picture that `dmabuf map --image --output` wrote.
struct ImageReport: Report, Encodable {
  let schema = "dmabuf.map-image/1"
  let ino: UInt64
  let image: ImageDescription
  let width: Int
  let height: Int
  let output: String
  let bytes: Int
  private let name: String

  enum CodingKeys: String, CodingKey { case schema, ino, image, width, height, output, bytes }

  init(_ source: borrowing ImageSource, file: String, size: Int) {
    (ino, name) = (source.inode, source.name)
    (width, height) = source.size
    image = ImageDescription(source.layout)
    (output, bytes) = (file, size)
  }

  func text(style: Style) -> String {
    "\(width)x\(height) pixels of \(name) (ino:\(ino)) written to \(output)"
  }
}

/// How two images differ.
struct ComparisonReport: Report, Encodable {
  struct Pixel: Encodable {
    let x: Int
    let y: Int
    /// Red, green, blue and alpha in hexadecimal, of the buffer and of the other one.
    let found: String
    let other: String
  }

  let schema = "dmabuf.map-compare/1"
  let ino: UInt64
  let otherIno: UInt64
  let image: ImageDescription
  let pixels: Int
  let differing: Int
  let tolerance: Int
  /// The peak signal-to-noise ratio of red, green and blue in dB. `nil` if the pictures are equal.
  @Nullable var psnr: Double?
  @Nullable var first: Pixel?
  let ok: Bool
  private let names: (String, String)

  enum CodingKeys: String, CodingKey {
    case schema, ino, image, pixels, differing, tolerance, psnr, first, ok
    case otherIno = "other_ino"
  }

  init(
    _ source: borrowing ImageSource, _ other: borrowing ImageSource, _ difference: PictureDifference, tolerance: Int
  ) {
    (ino, otherIno, names) = (source.inode, other.inode, (source.name, other.name))
    image = ImageDescription(source.layout)
    (pixels, differing, self.tolerance) = (difference.total, difference.count, tolerance)
    psnr = difference.psnr.isFinite ? (difference.psnr * 100).rounded() / 100 : nil
    first = difference.first.map {
      Pixel(x: $0.x, y: $0.y, found: Self.hexadecimal($0.value), other: Self.hexadecimal($0.other))
    }
    ok = differing == 0
  }

  private static func hexadecimal(_ channels: SIMD4<UInt8>) -> String {
    (0..<4).map { channels[$0].digits(2, radix: 16) }.joined(separator: " ")
  }

  func text(style: Style) -> String {
    let ratio = psnr.map { "PSNR \(Units.decibels($0))" } ?? "equal"
    let beyond = tolerance > 0 ? " by more than \(tolerance)" : ""
    guard let first else {
      return "\(pixels) pixels of \(names.0) and \(names.1) compared: none differs\(beyond), \(ratio)"
    }
    return """
      \(differing) of \(pixels) pixels of \(names.0) and \(names.1) differ\(differing == 1 ? "s" : "")\(beyond), \(ratio)
      first at   column \(first.x), line \(first.y)
      \(names.0)   \(first.found)
      \(names.1)   \(first.other)
      """
  }
}

// SPDX-License-Identifier: MIT
@testable import DMABuf
@testable import DMABufImage
import Glibc

/// Layouts of any format, width, height, stride and offset, over memory that ends where the image ends.
@safe struct PictureUnderTest: @unchecked Sendable {
  static let shared = PictureUnderTest()
  private static let formats = PixelFormat.all.filter { !$0.planes.isEmpty }

  /// Bytes before a page without access, so that a read past the image is a fault in any code.
  private let memory: UnsafeMutableRawBufferPointer

  private init() {
    let (size, page) = (1 << 20, Int(getpagesize()))
    let start = unsafe mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED, unsafe mprotect(start + size, page, PROT_NONE) == 0
    else { fatalError("mmap") }
    unsafe memory = UnsafeMutableRawBufferPointer(start: start, count: size)
  }

  /// The numbers of a layout are the first bytes. The others are the image.
  func read(_ bytes: [UInt8]) throws {
    if let layout = ImageLayout(String(decoding: bytes, as: UTF8.self)) {
      precondition(ImageLayout("\(layout)") == layout && layout.leastSize <= layout.size)
    }
    guard bytes.count > 16 else { return }
    let numbers = bytes.map { Int($0) }
    let format = Self.formats[(numbers[0] << 8 | numbers[1]) % Self.formats.count]
    let (width, height) = (numbers[2] % 80 + 1, numbers[3] % 20 + 1)
    let strides = try format.planes.enumerated().map { try ImageLayout.line($1, width: width) + numbers[4 + $0] % 33 }
    let offsets = format.planes.indices.map { numbers[7 + $0] << 8 | numbers[10 + $0] }
    let layout = try ImageLayout(
      width: width, height: height, format: format, strides: numbers[13] & 1 == 0 ? strides : [],
      offsets: numbers[13] & 2 == 0 ? offsets : [],
      alignment: .init(stride: numbers[14] + 1, height: numbers[15] % 32 + 1))
    precondition(ImageLayout("\(layout)") == layout)
    guard unsafe layout.leastSize <= memory.count else { return }
    let colours = ColourSpace(
      ColourSpace.Encoding.allCases[(numbers[13] >> 2 & 3) % 3], numbers[13] & 16 == 0 ? .limited : .full)

    let image = unsafe UnsafeMutableRawBufferPointer(rebasing: memory.suffix(layout.leastSize))
    let heap = UnsafeMutableRawBufferPointer.allocate(byteCount: layout.leastSize, alignment: 1)
    defer { unsafe heap.deallocate() }
    for index in image.indices { unsafe image[index] = bytes[16 + index % (bytes.count - 16)] }
    unsafe heap.copyMemory(from: UnsafeRawBufferPointer(image))

    let picture = try unsafe Picture(
      RawSpan(_unsafeBytes: UnsafeRawBufferPointer(image)), layout: layout, colours: colours)
    let reader = try PixelReader(layout, colours: colours)
    var line = [UInt8](repeating: 0, count: width * 4)
    for y in 0..<height {
      try unsafe reader.read(line: y, of: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(heap)), into: &line)
      let other = picture.pixels[y * width * 4..<(y + 1) * width * 4]
      precondition(zip(line, other).allSatisfy { abs(Int($0) - Int($1)) <= 3 }, "\(layout) \(colours)")
    }
    for channel in format.channels {
      _ = try unsafe Picture(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(heap)), layout: layout, channel: channel)
    }
    let scaled = try picture.scaled(width: numbers[14] % 9 + 1, height: numbers[15] % 9 + 1)
    _ = try scaled.png()
    _ = try unsafe YUV4MPEG2(layout).frame(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(image)))
  }
}

// SPDX-License-Identifier: MIT
internal import CLibPNG

extension Picture {
  /// The bytes of a PNG file in sRGB: RGBA if the source has alpha, and RGB otherwise.
  ///
  /// The compression is fast rather than small. Throws ``PictureError/encoder(_:)`` if libpng refuses the picture.
  public func png() throws(PictureError) -> [UInt8] {
    var image = unsafe png_image()
    unsafe image.version = CLIBPNG_VERSION
    unsafe image.width = UInt32(width)
    unsafe image.height = UInt32(height)
    unsafe image.format = hasAlpha ? CLIBPNG_FORMAT_RGBA : CLIBPNG_FORMAT_RGB
    unsafe image.flags = CLIBPNG_FAST
    let samples = hasAlpha ? pixels : colours
    let space = unsafe Int(clibpng_largest(image))
    let file = unsafe [UInt8](unsafeUninitializedCapacity: space) { file, initialized in
      var count = png_alloc_size_t(space)
      let status = unsafe samples.withUnsafeBytes {
        unsafe png_image_write_to_memory(&image, file.baseAddress, &count, 0, $0.baseAddress, 0, nil)
      }
      initialized = status == 0 ? 0 : Int(count)
    }
    guard !file.isEmpty else {
      throw .encoder(
        unsafe withUnsafeBytes(of: image.message) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return file
  }

  /// The bytes of a PPM file (P6), without alpha.
  public func ppm() -> [UInt8] { Array("P6\n\(width) \(height)\n255\n".utf8) + colours }
}

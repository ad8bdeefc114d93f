// SPDX-License-Identifier: MIT
extension Picture {
  /// A part of the picture. Throws ``PictureError/notInside(width:height:)`` if it is empty or not inside.
  public func cropped(x: Int, y: Int, width: Int, height: Int) throws(PictureError) -> Picture {
    guard x >= 0, y >= 0, width > 0, height > 0, width <= self.width - x, height <= self.height - y else {
      throw .notInside(width: self.width, height: self.height)
    }
    var part: [UInt8] = []
    part.reserveCapacity(width * height * 4)
    for line in y..<y + height {
      let start = (line * self.width + x) * 4
      part += pixels[start..<start + width * 4]
    }
    return Picture(width, height, part, hasAlpha)
  }

  /// The picture in another size. A pixel is the mean of those that it replaces, and several pixels repeat one.
  ///
  /// Colours count by their alpha. Throws ``PictureError/tooLarge(width:height:)``, also for a side below 1.
  public func scaled(width: Int, height: Int) throws(PictureError) -> Picture {
    let count = try Self.byteCount(width: width, height: height)
    if (width, height) == (self.width, self.height) { return self }
    let columns = Self.boxes(self.width, width)
    let scaled = unsafe [UInt8](unsafeUninitializedCapacity: count) { scaled, initialized in
      unsafe pixels.withUnsafeBufferPointer { pixels in
        var at = 0
        for lines in Self.boxes(self.height, height) {
          for columns in columns {
            let pixel = unsafe mean(of: pixels, columns, lines)
            for byte in 0..<4 { unsafe scaled[at + byte] = pixel[byte] }
            at += 4
          }
        }
      }
      initialized = count
    }
    return Picture(width, height, scaled, hasAlpha)
  }

  /// The places that each of `count` places replaces.
  private static func boxes(_ total: Int, _ count: Int) -> [Range<Int>] {
    (0..<count).map { index in
      let start = index * total / count
      return start..<max(start + 1, (index + 1) * total / count)
    }
  }

  @inline(__always)
  private func mean(
    of pixels: UnsafeBufferPointer<UInt8>, _ columns: Range<Int>, _ lines: Range<Int>
  ) -> SIMD4<UInt8> {
    let count = UInt64(columns.count * lines.count)
    var sums = SIMD4<UInt64>()
    for line in lines {
      var at = (line * width + columns.lowerBound) * 4
      for _ in columns {
        let alpha = unsafe UInt64(pixels[at + 3])
        unsafe sums &+= SIMD4(
          UInt64(pixels[at]) &* alpha, UInt64(pixels[at + 1]) &* alpha, UInt64(pixels[at + 2]) &* alpha, alpha)
        at += 4
      }
    }
    guard sums.w > 0 else { return SIMD4() }
    let weights = SIMD4(sums.w, sums.w, sums.w, count)
    return SIMD4<UInt8>(truncatingIfNeeded: (sums &+ weights / 2) / weights)
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import DMABufImage

/// An image in a buffer, and the part of it to show.
struct ImageSource: ~Copyable {
  let layout: ImageLayout
  let name: String
  let inode: UInt64
  private let buffer: DMABuffer
  private let view: View
  private let access: Access

  /// What to show of an image.
  struct View {
    var crop: PictureArea?
    var channel: PixelFormat.Channel?
    var colour: ColourArgument?
  }

  /// How to read a buffer.
  struct Access {
    var isSynchronized = true
    var deadline: Deadline?
  }

  init(
    _ buffer: consuming DMABuffer, _ name: String, _ layout: ImageLayout, _ view: View = View(),
    _ access: Access = Access()
  ) throws {
    guard layout.isLinear else { throw Self.unreadable(name, layout) }
    guard layout.leastSize <= buffer.size else {
      throw Failure(
        "cannot show \(name) as \(layout.words): the image needs \(layout.leastSize) bytes, and the buffer has \(buffer.size)"
      )
    }
    (self.name, inode, self.layout, self.view, self.access) = (name, buffer.inode, layout, view, access)
    self.buffer = buffer
  }

  /// A layout whose pixels cannot be found says so: nothing is guessed.
  private static func unreadable(_ name: String, _ layout: ImageLayout) -> Failure {
    guard let modifier = layout.modifier, !layout.format.isOpaque else {
      return Failure(
        "cannot show \(name) as \(layout.format): the format does not specify the positions of pixels",
        hint: "a decoder or the device that wrote it can read it; --dump prints the bytes")
    }
    return Failure(
      "cannot show \(name): its pixels are arranged by the modifier \(modifier), not in lines",
      hint: "import it into the GPU or display that supports \(modifier), and copy it there to a linear buffer")
  }

  /// The channels and sides of the picture that is shown.
  var size: (width: Int, height: Int) {
    view.crop.map { ($0.width, $0.height) } ?? (layout.width, layout.height)
  }

  /// Reads the image between SYNC START and SYNC END.
  func picture() throws -> Picture {
    let whole = try read { bytes throws(PictureError) in
      try Picture(
        bytes, layout: layout, colours: view.colour?.space(for: layout), channel: view.channel)
    }
    guard let crop = view.crop else { return whole }
    return try explaining { () throws(PictureError) in
      try whole.cropped(x: crop.x, y: crop.y, width: crop.width, height: crop.height)
    }
  }

  /// A YUV4MPEG2 stream of one frame: the samples of the planes without conversion.
  func stream() throws -> [UInt8] {
    try read { bytes throws(PictureError) in
      let stream = try YUV4MPEG2(layout)
      return try stream.header + stream.frame(bytes)
    }
  }

  /// A checksum of the bytes of the image, to see whether it has changed.
  func fingerprint() throws -> UInt64 {
    try read { bytes throws(PictureError) in
      var checksum = Checksum()
      unsafe bytes.withUnsafeBytes { unsafe checksum.update($0) }
      return checksum.value
    }
  }

  /// Waits until the bytes of the image have changed `count` times. Changes between two looks count as one. Throws
  /// ``TimedOut`` after the deadline.
  func waitForChanges(_ count: Int) throws {
    let progress = Progress()
    defer { progress.finish() }
    var last = try fingerprint()
    var seen = 0
    while seen < count {
      if access.deadline?.isPast == true { throw TimedOut(.poll, on: name) }
      progress.show("\(name): \(seen) of \(count) changes")
      try Deadline(after: .milliseconds(2)).sleep()
      let next = try fingerprint()
      if next != last { (last, seen) = (next, seen + 1) }
    }
  }

  private func read<Result>(_ body: (RawSpan) throws(PictureError) -> Result) throws -> Result {
    let mapped = try buffer.map(0..<layout.leastSize, for: .read)
    if access.isSynchronized { try AccessWait.begin(.read, to: buffer, deadline: access.deadline) }
    let result = Swift.Result { () throws -> Result in
      try explaining { () throws(PictureError) in
        try unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(mapped.bytes)))
      }
    }
    if access.isSynchronized { try buffer.endAccess(.read) }
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

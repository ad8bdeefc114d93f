// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import DMABufImage
import Glibc

// The library side of the image benchmark. `image.c` is the other side of the first form, and ffmpeg of the second.
//
// ImageBench FILE: for each line of standard input, the name of a format, reads pictures of FILE. Prints the
// nanoseconds of a picture and the checksum of its pixels.
//
// ImageBench FILE COUNT: prints the PNG file of the RGB pixels in FILE, COUNT times.

let (width, height) = (1920, 1080)
/// The pictures of a pass.
let pictureCount: UInt64 = 10

func layout(_ name: String) throws -> ImageLayout {
  guard let format = PixelFormat(name: name) else { fatalError("no such format: \(name)") }
  return try ImageLayout(width: width, height: height, format: format)
}

func pass(_ name: String, _ bytes: UnsafeRawBufferPointer) throws -> String {
  let layout = try layout(name)
  var (elapsed, value): (UInt64, UInt64) = (0, 0)
  for _ in 0..<pictureCount {
    let start = Clock.now
    let picture = try unsafe Picture(bytes.bytes, layout: layout)
    elapsed += Clock.now - start
    var checksum = Checksum()
    unsafe picture.pixels.withUnsafeBytes { unsafe checksum.update($0) }
    value = checksum.value
  }
  // Libyuv rounds P010 in another way.
  return "\(elapsed / pictureCount) \(name == "P010" ? 0 : value)"
}

let arguments = CommandLine.arguments
guard 2...3 ~= arguments.count else { fatalError("usage: ImageBench FILE [COUNT]") }
let descriptor = unsafe open(arguments[1], O_RDONLY | O_CLOEXEC)
let size = Int(lseek(descriptor, 0, SEEK_END))
let address = unsafe mmap(nil, max(size, 1), PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0)
guard unsafe descriptor >= 0 && address != MAP_FAILED else { fatalError("cannot map \(arguments[1])") }
let bytes = unsafe UnsafeRawBufferPointer(start: address, count: size)

let output = OpenFile(try OwnedDescriptor(duplicating: STDOUT_FILENO), name: "standard output")
if arguments.count == 3 {
  let layout = try layout("BG24")
  for _ in 0..<(Int(arguments[2]) ?? 1) { try output.write(try unsafe Picture(bytes.bytes, layout: layout).png()) }
} else {
  while let line = readLine() { try output.write(Array((try unsafe pass(line, bytes) + "\n").utf8)) }
}

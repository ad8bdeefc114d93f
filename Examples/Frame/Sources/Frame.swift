// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

/// Allocates a frame that devices can share, draws into it, and waits until no device uses it.
@main
enum Frame {
  static func main() {
    do {
      try draw(width: 640, height: 480)
    } catch {
      let text = "frame: \(error)\n"
      try? OpenFile(OwnedDescriptor(duplicating: STDERR_FILENO), name: "standard error").write(text.utf8)
      exit(1)
    }
  }

  static func draw(width: Int, height: Int) throws {
    let source = try DMAHeap.names().contains("system") ? BufferSource.heap("system") : .udmabuf(hugePageSize: nil)
    let buffer = try source.allocate(width * height * 4, readOnly: false)
    try buffer.setName("frame")

    let pixels = try buffer.map(0..<buffer.size, for: [.read, .write])
    try buffer.withAccess(.write) {
      for pixel in 0..<width * height {
        pixels.bytes.storeBytes(of: 0xff33_6699, toByteOffset: pixel * 4, as: UInt32.self)
      }
    }
    let colour = try buffer.withAccess(.read) { pixels.bytes.load(as: UInt32.self) }
    print("buffer \(buffer.inode) of \(source): \(buffer.size) bytes of #\(String(colour, radix: 16))")

    let isIdle = try FenceSnapshot(buffer, for: .write).wait(deadline: Deadline(after: .seconds(2)))
    print(isIdle ? "no device uses it" : "a device still uses it")
  }
}

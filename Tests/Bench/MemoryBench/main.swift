// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import Glibc

// The library side of the memory benchmark. `memory.c` is the other side. Maps FILE. For each line of standard input
// it passes over the whole mapping, as `dmabuf map` does during CPU access. Prints the nanoseconds and the result of
// the pass.

/// The size of the pieces of `dmabuf map`.
let pieceSize = 64 << 20

func failed(_ call: String) -> Never {
  unsafe perror("MemoryBench: \(call)")
  exit(1)
}

func pattern(_ name: some StringProtocol) -> Pattern {
  switch name {
  case "counter": .counter
  case "random:1": .random(seed: 1)
  case "0xAA": .repeating([0xAA])
  case "0x010203": .repeating([1, 2, 3])
  default: fatalError("no such pattern: \(name)")
  }
}

func timed(
  _ bytes: UnsafeMutableRawBufferPointer, _ body: (UnsafeMutableRawBufferPointer, Int) throws -> Void
) throws -> UInt64 {
  let start = Clock.now
  for offset in stride(from: 0, to: bytes.count, by: pieceSize) {
    let end = min(offset + pieceSize, bytes.count)
    try unsafe body(UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<end]), offset)
    try Interruption.check()
  }
  return Clock.now - start
}

func pass(_ work: some StringProtocol, _ bytes: UnsafeMutableRawBufferPointer) throws -> String {
  let words = work.split(separator: " ")
  switch words[0] {
  case "fill":
    let pattern = pattern(words[1])
    return "\(try unsafe timed(bytes) { unsafe pattern.fill($0, at: $1) }) 0"
  case "verify":
    let pattern = pattern(words[1])
    var mismatch = Pattern.Mismatch()
    let elapsed = try unsafe timed(bytes) {
      unsafe pattern.verify(UnsafeRawBufferPointer($0), at: $1, into: &mismatch)
    }
    return "\(elapsed) \(mismatch.count)"
  case "checksum":
    var checksum = Checksum()
    let elapsed = try unsafe timed(bytes) { piece, _ in unsafe checksum.update(UnsafeRawBufferPointer(piece)) }
    return "\(elapsed) \(checksum.value)"
  case "copy":
    let file = try OpenFile(String(words[1]), O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o666)
    return "\(try unsafe timed(bytes) { piece, _ in try unsafe file.write(UnsafeRawBufferPointer(piece)) }) 0"
  default: fatalError("no such work: \(work)")
  }
}

guard CommandLine.arguments.count == 2 else { fatalError("usage: MemoryBench FILE") }
let descriptor = unsafe open(CommandLine.arguments[1], O_RDWR | O_CLOEXEC)
guard descriptor >= 0 else { failed("open") }
let size = Int(lseek(descriptor, 0, SEEK_END))
let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0)
guard unsafe address != MAP_FAILED else { failed("mmap") }
let bytes = unsafe UnsafeMutableRawBufferPointer(start: address, count: size)

let output = OpenFile(try OwnedDescriptor(duplicating: STDOUT_FILENO), name: "standard output")
while let line = readLine() {
  try output.write(Array((try unsafe pass(line, bytes) + "\n").utf8))
}

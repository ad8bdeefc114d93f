// SPDX-License-Identifier: MIT
import DMABuf
import Glibc

// Runs in the lab. Compares the cost of an import through the library with that of the two ioctls alone. Rounds of
// both alternate on one vgem node. Prints a line of nanoseconds per import: bare ioctls, library, ratio as
// min-median-max.

/// `struct drm_prime_handle` and `struct drm_gem_close`, and their requests.
struct PrimeHandle {
  var handle: UInt32 = 0
  var flags: UInt32 = 0
  var descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }
}
struct GEMClose {
  var handle: UInt32
  var padding: UInt32 = 0

  init(handle: UInt32) { self.handle = handle }
}
let primeFDToHandle: UInt = 0xc00c_642e
let gemClose: UInt = 0x4008_6409

func bareImports(_ count: Int, node: Int32, buffer: Int32) -> UInt64 {
  let start = Clock.now
  for _ in 0..<count {
    var prime = PrimeHandle(descriptor: buffer)
    guard unsafe ioctl(node, primeFDToHandle, &prime) == 0 else { fatalError("DRM_IOCTL_PRIME_FD_TO_HANDLE") }
    var close = GEMClose(handle: prime.handle)
    guard unsafe ioctl(node, gemClose, &close) == 0 else { fatalError("DRM_IOCTL_GEM_CLOSE") }
  }
  return Clock.now - start
}

func imports(_ count: Int, node: borrowing DRMNode, buffer: borrowing DMABuffer) throws -> UInt64 {
  let start = Clock.now
  for _ in 0..<count { node.close(try node.importBuffer(buffer)) }
  return Clock.now - start
}

let rounds = 41
let batch = 200
let node = try DRMNode(DRMNode.find("vgem", primary: false))
guard let source = BufferSource("heap:system") else { fatalError("no such source") }
let buffer = try source.allocate(64 << 10, readOnly: false)
_ = try imports(batch, node: node, buffer: buffer)

var bare: [UInt64] = []
var library: [UInt64] = []
for _ in 0..<rounds {
  bare.append(bareImports(batch, node: node.descriptorNumber, buffer: buffer.descriptorNumber))
  library.append(try imports(batch, node: node, buffer: buffer))
}
let ratios = zip(library, bare).map { Double($0) / Double($1) }.sorted()
func median(_ values: [UInt64]) -> UInt64 { values.sorted()[values.count / 2] / UInt64(batch) }
func rounded(_ ratio: Double) -> String {
  let hundredths = Int(ratio * 100 + 0.5)
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
print(
  median(bare), median(library),
  [ratios[0], ratios[rounds / 2], ratios[rounds - 1]].map(rounded).joined(separator: "-"))

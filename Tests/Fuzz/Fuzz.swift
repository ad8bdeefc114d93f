// SPDX-License-Identifier: MIT
// Fuzz targets, one for each parser of text or bytes from outside:
//     DMABUF_FUZZ_TARGET=bufinfo fuzz [libFuzzer's options and corpus]
// scripts/fuzz builds this. The first inputs are the corpus beside this file and recordings of real kernels.
import DMABufHolding
import Glibc

typealias Target = @Sendable ([UInt8]) throws -> Void

let targets = libraryTargets.merging(toolTargets) { first, _ in first }

/// The target that the environment names.
let chosen: Target = {
  let name = unsafe getenv("DMABUF_FUZZ_TARGET").map { unsafe String(cString: $0) }
  guard let target = name.flatMap({ targets[$0] }) else {
    fatalError("DMABUF_FUZZ_TARGET is one of \(targets.keys.sorted())")
  }
  return target
}()

/// libFuzzer calls this first. A holder that a target starts is this executable, too.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafePointer<CInt>, _ words: UnsafePointer<UnsafePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  if unsafe isHolder(count.pointee, words.pointee) { unsafe exit(hold(count.pointee, words.pointee)) }
  return 0
}

/// libFuzzer calls this with each input. A refusal is a valid result. Only a trap is a fault.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe try? chosen(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// The parts of an input with several texts. 0xff, which UTF-8 never has, separates them.
func parts(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
  bytes.split(separator: 0xff, omittingEmptySubsequences: false)
}

/// The same, as text.
func words(_ bytes: [UInt8]) -> [String] { parts(bytes).map { String(decoding: $0, as: UTF8.self) } }

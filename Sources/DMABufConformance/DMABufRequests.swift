// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// The requests of the dma-buf descriptor.
extension Raw {
  static func synchronize(_ descriptor: CInt, _ flags: UInt64) -> CallResult {
    var argument = Argument(8)
    argument[u64: 0] = flags
    return ioctl(descriptor, .write("b", 0, 8), argument)
  }

  /// Calls SYNC, and interrupts the call after `milliseconds`.
  static func synchronize(
    _ descriptor: CInt, _ flags: UInt64, interruptedAfter milliseconds: UInt64
  ) throws -> CallResult {
    _ = try CallResult(cdmabuf_interrupt_after(milliseconds * 1_000_000)).orEnd("setitimer")
    let answer = synchronize(descriptor, flags)
    _ = cdmabuf_interrupt_after(0)
    return answer
  }

  static let setName = RawRequest.write("b", 1, 8)
  static let setNameOld = RawRequest.write("b", 1, 4)

  static func name(_ descriptor: CInt, _ text: String, by request: RawRequest = setName) -> CallResult {
    unsafe text.withCString { ioctl(descriptor, request, address: UInt(bitPattern: $0)) }
  }

  /// Exports a sync_file of the buffer's fences. The value of the result is the descriptor.
  static func exportFences(_ descriptor: CInt, _ flags: UInt32) -> CallResult {
    var argument = Argument(8, flags)
    let answer = ioctl(descriptor, .both("b", 2, 8), &argument)
    return answer.isDone ? CallResult(argument[descriptor: 4]) : answer
  }

  static func importFences(_ descriptor: CInt, _ flags: UInt32, _ syncFile: CInt) -> CallResult {
    var argument = Argument(8, flags)
    argument[descriptor: 4] = syncFile
    return ioctl(descriptor, .write("b", 3, 8), argument)
  }
}

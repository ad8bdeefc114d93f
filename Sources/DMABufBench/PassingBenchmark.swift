// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc

extension Benchmark {
  /// Measures ``TimedOperation/send`` and ``TimedOperation/receive`` through a pair of sockets of this process.
  public func passing() throws -> [Measurement] {
    let buffer = try source.allocate(size, readOnly: false)
    let sockets = try UnixSocket.pair()
    let descriptors = [buffer.descriptorNumber]
    let received = UnsafeMutablePointer<CInt>.allocate(capacity: CDMABUF_MOST_DESCRIPTORS)
    defer { unsafe received.deallocate() }

    let times = try repetition.run {
      var byte: UInt8 = 0
      var count = 0
      var isTruncated = false
      let start = Clock.now
      let length = unsafe cdmabuf_send(sockets.one.descriptor, &byte, 1, descriptors, 1)
      let sent = Clock.now
      guard length == 1 else { throw KernelError(.sendmsg, on: "AF_UNIX") }
      let arrived = unsafe cdmabuf_receive(sockets.other.descriptor, &byte, 1, received, &count, &isTruncated)
      let done = Clock.now
      guard arrived == 1 else { throw KernelError(.recvmsg, on: "AF_UNIX") }
      for index in 0..<count { unsafe close(received[index]) }
      guard count == 1 else { throw NotMeasurable("a security module refuses to pass descriptors") }
      return (sent - start, done - sent)
    }
    return [Measurement(.send, times.first), Measurement(.receive, times.second)]
  }
}

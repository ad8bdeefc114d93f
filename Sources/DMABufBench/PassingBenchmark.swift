internal import CDMABuf
import DMABuf
import Glibc

extension Benchmark {
  /// ``TimedOperation/send`` and ``TimedOperation/receive``, through a pair of sockets of this process.
  public func passing() throws -> [Measurement] {
    let buffer = try source.allocate(size, readOnly: false)
    var sockets: [CInt] = [-1, -1]
    guard unsafe cdmabuf_socket_pair(&sockets) == 0 else { throw KernelError(.socketpair, on: "AF_UNIX") }
    let sender = OwnedDescriptor(owning: sockets[0])
    let receiver = OwnedDescriptor(owning: sockets[1])
    let descriptors = [buffer.descriptorNumber]
    let received = UnsafeMutablePointer<CInt>.allocate(capacity: CDMABUF_MOST_DESCRIPTORS)
    defer { unsafe received.deallocate() }

    let times = try repetition.run {
      var byte: UInt8 = 0
      var count = 0
      var isTruncated = false
      let start = Clock.now
      let length = unsafe cdmabuf_send(sender.rawValue, &byte, 1, descriptors, 1)
      let sent = Clock.now
      guard length == 1 else { throw KernelError(.sendmsg, on: "AF_UNIX") }
      let arrived = unsafe cdmabuf_receive(receiver.rawValue, &byte, 1, received, &count, &isTruncated)
      let done = Clock.now
      guard arrived == 1 else { throw KernelError(.recvmsg, on: "AF_UNIX") }
      for index in 0..<count { unsafe close(received[index]) }
      guard count == 1 else { throw NotMeasurable("a security module keeps descriptors from being passed") }
      return (sent - start, done - sent)
    }
    return [Measurement(.send, times.first), Measurement(.receive, times.second)]
  }
}

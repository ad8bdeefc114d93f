// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

extension Holder {
  /// Starts this executable again as a holder. It has its own session, so that it belongs to no terminal; the working
  /// directory `/`, standard streams on `/dev/null`, no environment, and no descriptors except 3, the pipe for its
  /// readiness, and `descriptors` from 4 on. Returns when the holder serves.
  ///
  /// Corresponds to `fork(2)` and `execve(2)`; no other thread may run. Throws the reason why the holder cannot serve:
  /// `EINVAL` for more descriptors than one message can carry, `ECHILD` if the holder ended without reporting a reason.
  static func start(_ words: [[UInt8]], _ descriptors: [CInt]) throws(Errno) {
    guard descriptors.count < mostDescriptors else { throw .invalidArgument }
    var texts = unsafe words.map { unsafe strdup($0.map { CChar(bitPattern: $0) } + [0]) } + [nil]
    defer { unsafe texts.forEach { unsafe free($0) } }
    var ends: [CInt] = [-1, -1]
    guard unsafe cdmabuf_pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    let readiness = OwnedDescriptor(owning: ends[0])
    let end = ends[1]
    let child = fork()
    if child == 0 {
      // The parent of the holder would have to wait for its end, so this process exits now.
      setsid()
      if fork() == 0 {
        unsafe become(&texts, [end] + descriptors)
        var reason = errno
        _ = unsafe write(end, &reason, 4)
      }
      cdmabuf_end_child()
    }
    let refusal = Errno(rawValue: errno)
    close(end)
    guard child > 0 else { throw refusal }
    while waitpid(child, nil, 0) < 0, errno == EINTR {}
    var reason: CInt = 0
    var length = 0
    repeat { length = unsafe read(readiness.rawValue, &reason, 4) } while length < 0 && errno == EINTR
    // The holder writes 0 when it serves. If the pipe ends without a number, the holder has died.
    if length != 4 { throw .noChildProcess }
    if reason != 0 { throw Errno(rawValue: reason) }
  }

  /// Turns the forked process into the holder: of the caller's state, only these descriptors remain, from 3 on. Returns
  /// if a call fails.
  private static func become(_ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ descriptors: [CInt]) {
    for number in 1..<NSIG { signal(number, SIG_DFL) }
    signal(SIGHUP, SIG_IGN)
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigprocmask(SIG_SETMASK, &none, nil)
    umask(0o077)
    let first: CInt = 3
    let last = first + CInt(descriptors.count)
    let null = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard null >= 0, unsafe chdir("/") == 0 else { return }
    // Duplicate the descriptors to higher numbers first, then to their final numbers.
    var copies: [CInt] = []
    for number in descriptors + [null] {
      let copy = cdmabuf_fcntl(number, F_DUPFD_CLOEXEC, last)
      if copy < 0 { return }
      copies.append(copy)
    }
    for stream in 0..<first where dup2(copies[descriptors.count], stream) < 0 { return }
    for index in descriptors.indices where dup2(copies[index], first + CInt(index)) < 0 { return }
    // The holder must not keep descriptors open that the caller has inherited.
    cdmabuf_close_from(CUnsignedInt(last))
    var variables = unsafe [UnsafeMutablePointer<CChar>?](arrayLiteral: nil)
    unsafe execve("/proc/self/exe", words, &variables)
  }
}

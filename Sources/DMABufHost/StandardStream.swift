// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
import Glibc

/// The three streams a process starts with.
package enum StandardStream: CInt, Sendable {
  /// Descriptor 0.
  case input
  /// Descriptor 1.
  case output
  /// Descriptor 2.
  case error

  /// How errors call it.
  package var name: String {
    switch self {
    case .input: "standard input"
    case .output: "standard output"
    case .error: "standard error"
    }
  }

  /// Writes all of `text`. Throws `EPIPE` when the reader is gone.
  package func write(_ text: String) throws(KernelError) { try write(text.utf8) }

  /// Writes all of `bytes`. Throws `EPIPE` when the reader is gone.
  ///
  /// It takes no descriptor: that there is none left has to be said, too.
  package func write(_ bytes: some Collection<UInt8>) throws(KernelError) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let written = try Interruption.restarting(.write, on: name) {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Keeps a stream that the caller has closed from becoming the next file that is opened: what is
  /// printed would go into a buffer's or a file's descriptor. Reading and writing still fail.
  package static func reserve() {
    for stream in [input, output, error] where cdmabuf_fcntl(stream.rawValue, F_GETFD, 0) < 0 {
      // The lowest free number is taken, and the lower ones are open.
      _ = unsafe Glibc.open("/dev/null", stream == input ? O_WRONLY : O_RDONLY)
    }
  }

  /// Is somebody looking at it?
  package var isTerminal: Bool { isatty(rawValue) == 1 }

  /// The terminal's width; `nil` when there is no terminal, or it does not say.
  package var columns: Int? {
    var size = winsize()
    guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// A file of its own on the same stream, for work in pieces.
  package func open() throws(KernelError) -> OpenFile {
    try OpenFile(OwnedDescriptor(duplicating: rawValue), name: name)
  }
}

/// Limits of this process.
package enum ProcessLimits {
  /// The most descriptors it may have (`RLIMIT_NOFILE`).
  package static var openFiles: UInt64 {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return UInt64(limit.rlim_cur)
  }

  /// The user this process acts as.
  package static var user: UInt32 { geteuid() }

  /// Is that root?
  package static var isRoot: Bool { geteuid() == 0 }

  /// Does this process act as another user or group than its caller's (a set-user-ID or set-group-ID executable)?
  /// File capabilities do not count: they are given on purpose, to no user in particular.
  package static var isSetUserID: Bool { getuid() != geteuid() || getgid() != getegid() }

  /// Its process id.
  package static var processID: Int32 { getpid() }
}

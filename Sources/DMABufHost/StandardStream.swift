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

  /// The name in errors.
  package var name: String {
    switch self {
    case .input: "standard input"
    case .output: "standard output"
    case .error: "standard error"
    }
  }

  /// Writes all of `text`. Throws `EPIPE` when the reader has closed the pipe.
  package func write(_ text: String) throws(KernelError) { try write(text.utf8) }

  /// Writes all of `bytes`. Throws `EPIPE` when the reader has closed the pipe.
  ///
  /// The function needs no free descriptor, because it also reports that none is left.
  package func write(_ bytes: some Collection<UInt8>) throws(KernelError) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let written = try Interruption.restarting(.write, on: name) {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Opens a replacement for each standard stream that the caller has closed. Otherwise the next opened file would get
  /// its number, and output would go into a buffer or a file. Reads and writes on the replacement still fail.
  package static func reserve() {
    for stream in [input, output, error] where cdmabuf_fcntl(stream.rawValue, F_GETFD, 0) < 0 {
      // open(2) returns the lowest free number. All lower numbers are open already.
      _ = unsafe Glibc.open("/dev/null", stream == input ? O_WRONLY : O_RDONLY)
    }
  }

  /// Whether the stream is a terminal.
  package var isTerminal: Bool { isatty(rawValue) == 1 }

  /// The terminal's columns and rows; `nil` when there is no terminal, or when its size is unknown.
  package var size: (columns: Int, rows: Int)? {
    guard let size = window, size.ws_col > 0, size.ws_row > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// The terminal's width and height in pixels; `nil` when unknown, as for most connections that are not local.
  package var pixels: (width: Int, height: Int)? {
    guard let size = window, size.ws_xpixel > 0, size.ws_ypixel > 0 else { return nil }
    return (Int(size.ws_xpixel), Int(size.ws_ypixel))
  }

  private var window: winsize? {
    var size = winsize()
    return unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
  }

  /// Duplicates the stream as a file, for work in pieces.
  package func open() throws(KernelError) -> OpenFile {
    try OpenFile(OwnedDescriptor(duplicating: rawValue), name: name)
  }
}

/// Limits of this process.
package enum ProcessLimits {
  /// The largest number of descriptors (`RLIMIT_NOFILE`).
  package static var openFiles: UInt64 {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return UInt64(limit.rlim_cur)
  }

  /// The effective user of this process.
  package static var user: UInt32 { geteuid() }

  /// Whether the effective user is root.
  package static var isRoot: Bool { geteuid() == 0 }

  /// Whether this process has another effective user or group than its caller (a set-user-ID or set-group-ID
  /// executable). File capabilities do not count: they are set on purpose, and independent of a user.
  package static var isSetUserID: Bool { getuid() != geteuid() || getgid() != getegid() }

  /// The process id.
  package static var processID: Int32 { getpid() }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// The result of a raw call: a value, or an errno.
struct CallResult: Equatable, CustomStringConvertible {
  let value: Int
  let errno: CInt

  /// Reads the thread's `errno` if `result` is negative.
  init(_ result: some SignedInteger) {
    value = Int(result)
    errno = result < 0 ? Glibc.errno : 0
  }

  init(failed reason: Errno) { (value, errno) = (-1, reason.rawValue) }

  var isDone: Bool { errno == 0 }
  var descriptor: CInt { CInt(truncatingIfNeeded: value) }
  /// `ok`, or the symbol of the errno.
  var description: String { isDone ? "ok" : ErrnoName.of(Errno(rawValue: errno)) }

  /// Returns the result. Skips the check if the kernel does not have the system call.
  func orSkip(_ call: String) throws(CheckSkipped) -> CallResult {
    if errno == ENOSYS { throw CheckSkipped(Self.absent(call)) }
    return self
  }

  static func absent(_ call: String) -> String { "this kernel has no \(call): ENOSYS" }

  /// Returns the descriptor. After an error, ends the check with `call` and the errno.
  func orEnd(_ call: String) throws(StepRefused) -> CInt {
    guard isDone else { throw StepRefused(call: call, answer: self) }
    return descriptor
  }
}

/// An error: a step before the checked one failed.
struct StepRefused: Error {
  let call: String
  let answer: CallResult
}

/// An error: something that the check needs is missing.
struct CheckSkipped: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// The bytes of an ioctl's argument, set by offset, so that no header or type corrects invalid values.
struct Argument {
  private(set) var bytes: [UInt8]

  init(_ count: Int) { bytes = Array(repeating: 0, count: count) }

  /// Creates an argument from fields of four bytes.
  init(_ count: Int, _ fields: UInt32...) {
    self.init(count)
    for (index, field) in fields.enumerated() { self[u32: 4 * index] = field }
  }

  subscript(u32 offset: Int) -> UInt32 {
    get { (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) } }
    set { for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: newValue >> (8 * index)) } }
  }

  subscript(u64 offset: Int) -> UInt64 {
    get { UInt64(self[u32: offset]) | UInt64(self[u32: offset + 4]) << 32 }
    set {
      self[u32: offset] = UInt32(truncatingIfNeeded: newValue)
      self[u32: offset + 4] = UInt32(truncatingIfNeeded: newValue >> 32)
    }
  }

  subscript(descriptor offset: Int) -> CInt {
    get { CInt(bitPattern: self[u32: offset]) }
    set { self[u32: offset] = UInt32(bitPattern: newValue) }
  }

  /// Text of at most `count` bytes, up to the first NUL.
  func text(_ offset: Int, _ count: Int) -> String {
    String(decoding: bytes[offset..<offset + count].prefix { $0 != 0 }, as: UTF8.self)
  }

  mutating func set(_ offset: Int, text: String) {
    for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
  }

  mutating func withPointer<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result {
    unsafe bytes.withUnsafeMutableBytes { unsafe body($0.baseAddress!) }
  }
}

/// The number of a request, as `_IO`, `_IOR`, `_IOW` and `_IOWR` compute it with this architecture's common layout.
struct RawRequest {
  let number: UInt

  private init(_ direction: UInt, _ type: Character, _ number: UInt, _ size: Int) {
    self.number = direction << 30 | UInt(size) << 16 | UInt(type.asciiValue ?? 0) << 8 | number
  }

  init(number: UInt) { self.number = number }
  static func none(_ type: Character, _ number: UInt) -> Self { Self(0, type, number, 0) }
  static func write(_ type: Character, _ number: UInt, _ size: Int) -> Self { Self(1, type, number, size) }
  static func read(_ type: Character, _ number: UInt, _ size: Int) -> Self { Self(2, type, number, size) }
  static func both(_ type: Character, _ number: UInt, _ size: Int) -> Self { Self(3, type, number, size) }
}

/// System calls without retries. Each returns its result or errno.
enum Raw {
  static let page = Mapping.pageSize

  static func ioctl(_ descriptor: CInt, _ request: RawRequest, _ argument: inout Argument) -> CallResult {
    unsafe argument.withPointer { unsafe CallResult(cdmabuf_ioctl(descriptor, request.number, $0)) }
  }

  static func ioctl(_ descriptor: CInt, _ request: RawRequest, _ argument: Argument) -> CallResult {
    var copy = argument
    return ioctl(descriptor, request, &copy)
  }

  /// Makes a request with an address as argument, valid or not.
  static func ioctl(_ descriptor: CInt, _ request: RawRequest, address: UInt) -> CallResult {
    unsafe CallResult(cdmabuf_ioctl(descriptor, request.number, UnsafeMutableRawPointer(bitPattern: address)))
  }

  static func open(_ path: String, _ flags: CInt) -> CallResult {
    unsafe CallResult(Glibc.open(path, flags | O_CLOEXEC))
  }

  static func control(_ descriptor: CInt, _ command: CInt, _ argument: CInt = 0) -> CallResult {
    CallResult(cdmabuf_fcntl(descriptor, command, argument))
  }

  static func seek(_ descriptor: CInt, _ offset: Int, _ whence: CInt) -> CallResult {
    CallResult(lseek(descriptor, off_t(offset), whence))
  }

  static func status(_ descriptor: CInt) -> stat {
    var result = stat()
    _ = unsafe fstat(descriptor, &result)
    return result
  }

  static func inode(_ descriptor: CInt) -> UInt64 { UInt64(status(descriptor).st_ino) }

  static func map(
    _ descriptor: CInt, _ length: Int, _ protection: CInt = PROT_READ | PROT_WRITE, _ flags: CInt = MAP_SHARED,
    offset: Int = 0
  ) -> CallResult {
    let address = unsafe mmap(nil, length, protection, flags, descriptor, off_t(offset))
    guard unsafe address != MAP_FAILED else { return CallResult(-1) }
    return CallResult(Int(bitPattern: address))
  }

  static func unmap(_ address: CallResult, _ length: Int) {
    _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: address.value), length)
  }

  static func protect(_ address: CallResult, _ length: Int, _ protection: CInt) -> CallResult {
    unsafe CallResult(mprotect(UnsafeMutableRawPointer(bitPattern: address.value), length, protection))
  }

  static func memory(_ address: CallResult, _ length: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: address.value), count: length)
  }

  /// The events of a descriptor, after at most `milliseconds`.
  static func poll(_ descriptor: CInt, _ events: CInt, milliseconds: CInt = 0) -> CInt {
    let deadline = Deadline(after: .milliseconds(milliseconds))
    return (try? Polling.poll(events, of: descriptor, on: "fd:\(descriptor)", deadline: deadline)) ?? 0
  }

  /// Returns `same` or `different`. Skips the check if the kernel cannot compare.
  static func sameFile(_ first: CInt, _ second: CInt) throws(CheckSkipped) -> String {
    let answer = try CallResult(cdmabuf_same_file(first, second)).orSkip("kcmp")
    // Seccomp profiles of containers deny kcmp with EPERM.
    if answer.errno == EPERM { throw CheckSkipped("kcmp: \(answer)") }
    return answer.value == 0 ? "same" : "different"
  }

  static func fdinfo(_ descriptor: CInt) -> DescriptorInformation? {
    (try? SmallFile.read("/proc/self/fdinfo/\(descriptor)")).flatMap { DescriptorInformation(parsing: $0) }
  }

  static func count(_ descriptor: CInt) -> Int { Int(fdinfo(descriptor)?.count ?? 0) }

  static func link(_ path: String) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let count = unsafe readlink(path, base, buffer.count)
      guard count >= 0 else { return nil }
      return unsafe String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}

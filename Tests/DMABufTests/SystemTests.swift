// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufCensus
@testable import DMABufHost

@Suite("Files of descriptors")
struct DescriptorKindTests {
  @Test("A pipe is reported as a pipe")
  func pipe() throws {
    let pipe = Pipe()
    #expect(try DescriptorKind.of(descriptor: pipe.fileHandleForReading.fileDescriptor) == .pipe)
  }

  @Test("A socket is reported as a socket")
  func socket() throws {
    let socket = OwnedDescriptor(owning: Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
    #expect(try DescriptorKind.of(descriptor: socket.rawValue) == .socket)
  }

  @Test("A file is reported by its path, escaped")
  func file() throws {
    let tree = try TemporaryTree()
    try tree.file("a\u{1b}b", "")
    let file = try OpenFile(reading: tree.root + "/a\u{1b}b")
    let kind = try DescriptorKind.of(descriptor: file.descriptor.rawValue)
    #expect(kind.description.hasSuffix("/a\\x1bb"))
  }

  @Test("A file with a path like that of a memfd or a dma-buf is reported by its path")
  func namedAlike() throws {
    let tree = try TemporaryTree()
    try tree.file("dmabuf:x", "")
    let file = try OpenFile(reading: tree.root + "/dmabuf:x")
    #expect(try DescriptorKind.of(descriptor: file.descriptor.rawValue) == .other(UntrustedText(file.name.utf8)))
  }

  @Test("A descriptor of another process is read through the process id")
  func otherProcess() throws {
    let pipe = Pipe()
    let number = pipe.fileHandleForReading.fileDescriptor
    #expect(try DescriptorKind.of(descriptor: number, process: ProcessIdentity.own) == .pipe)
  }

  @Test("A descriptor that is not open is an error that names it")
  func notOpen() {
    let error = #expect(throws: KernelError.self) { try DescriptorKind.of(descriptor: 999_999) }
    #expect(error?.subject == "fd:999999")
  }

  @Test("An error names the kind of a file that is not a dma-buf")
  func wrongKind() throws {
    let error = #expect(throws: WrongKind.self) {
      _ = try DMABuffer(OpenFile("/dev/null", O_RDWR))
    }
    #expect(error?.kind == .other(UntrustedText("/dev/null".utf8)) && error?.subject == "/dev/null")
  }
}

@Suite("Descriptors")
struct DescriptorTests {
  static func isOpen(_ number: CInt) -> Bool {
    FileManager.default.fileExists(atPath: "/proc/self/fdinfo/\(number)")
  }

  @Test("A copy of a descriptor that is not open fails with EBADF")
  func duplicateOfNothing() {
    let error = #expect(throws: KernelError.self) { _ = try OwnedDescriptor(duplicating: 999_999) }
    #expect(error?.errno == .badFileDescriptor)
  }

  @Test("A copy has the same open file: reading through one moves the position of the other")
  func duplicate() throws {
    let tree = try TemporaryTree()
    try tree.file("text", "ab")
    let original = try OpenFile(reading: tree.root + "/text")
    let copy = OpenFile(try OwnedDescriptor(duplicating: original.descriptor.rawValue), name: "copy")
    let isAtEnd = try [original.isAtEnd(), copy.isAtEnd(), original.isAtEnd()]
    #expect(isAtEnd == [false, false, true])
  }

  @Test("A duplicated descriptor of a process shares its open file")
  func taken() throws {
    let tree = try TemporaryTree()
    try tree.file("text", "a")
    let original = try OpenFile(reading: tree.root + "/text")
    let copy = try OpenFile(
      OwnedDescriptor(takenFrom: ProcessIdentity.own, original.descriptor.rawValue), name: "copy")
    let isAtEnd = try [copy.isAtEnd(), original.isAtEnd()]
    #expect(isAtEnd == [false, true])
  }

  @Test("Duplicating from a process that does not exist fails with ESRCH")
  func takenFromNobody() {
    let error = #expect(throws: KernelError.self) { _ = try OwnedDescriptor(takenFrom: .max, 3) }
    #expect(error?.errno == .noSuchProcess)
  }

  @Test("Duplicating a descriptor that a process does not have fails with EBADF")
  func takenNothing() {
    let error = #expect(throws: KernelError.self) {
      _ = try OwnedDescriptor(takenFrom: ProcessIdentity.own, 999_999)
    }
    #expect(error?.errno == .badFileDescriptor)
  }

  @Test("Opened files are closed on exec")
  func closeOnExec() throws {
    let file = try OpenFile("/dev/null", O_RDONLY)
    let text = String(decoding: try SmallFile.read("/proc/self/fdinfo/\(file.descriptor.rawValue)"), as: UTF8.self)
    let flags = text.split(separator: "\n").first { $0.hasPrefix("flags:") }?.split(separator: "\t").last
    #expect(flags.flatMap { UInt32($0, radix: 8) }.map { $0 & UInt32(O_CLOEXEC) } == UInt32(O_CLOEXEC))
  }
}

@Suite("Errors and small files")
struct SystemTests {
  @Test("An error has the form SUBJECT: CALL: reason")
  func description() {
    let error = KernelError(.UDMABUF_CREATE, on: "/dev/udmabuf", errno: .invalidArgument)
    #expect("\(error)" == "/dev/udmabuf: UDMABUF_CREATE: Invalid argument")
  }

  @Test("The error names a file that does not exist")
  func missing() {
    let error = #expect(throws: KernelError.self) { _ = try OpenFile(reading: "/nonexistent/file") }
    #expect(error == KernelError(.open, on: "/nonexistent/file", errno: .noSuchFileOrDirectory))
  }

  @Test(
    "The text of a small file has all newlines except the last",
    arguments: [
      ("a\n", "a"), ("a", "a"), ("a\n\n", "a\n"), ("", ""), ("\n", ""),
    ])
  func text(_ content: String, _ expected: String) throws {
    let tree = try TemporaryTree()
    try tree.file("text", content)
    #expect(SmallFile.text(tree.root + "/text") == expected)
  }

  @Test("Files longer than a page are read completely")
  func longFile() throws {
    let tree = try TemporaryTree()
    var random = Seeded(3)
    let bytes = random.bytes(100_001)
    try tree.file("bytes", bytes)
    #expect(try SmallFile.read(tree.root + "/bytes") == bytes)
  }

  @Test("Text that is not a number is refused", arguments: ["", "x", "12 kB", "-1", " 12", "18446744073709551616"])
  func noNumber(_ content: String) throws {
    let tree = try TemporaryTree()
    try tree.file("number", content + "\n")
    #expect(SmallFile.number(tree.root + "/number") == nil)
  }

  @Test("A regular file has a size, a device has none")
  func regularFileSize() throws {
    let tree = try TemporaryTree()
    try tree.file("file", "12345")
    let sizes = try [tree.root + "/file", "/dev/null"].map { try OpenFile(reading: $0).regularFileSize() }
    #expect(sizes == [5, nil])
  }

  @Test("Permissions name owner and group, and print the mode in octal")
  func permissions() {
    #expect(FilePermissions("/dev/null").map { "\($0)" } == "root:root, mode 0666")
  }

  @Test("Each number below the limit is returned once, to any thread")
  func indices() {
    let indices = IndexDispenser(limit: 1000)
    let taken = TakenNumbers()
    inParallel(8) { _ in while let number = indices.take() { taken.add(number) } }
    #expect(taken.numbers.sorted() == Array(0..<1000))
  }

  @Test("A heap that does not exist is refused with its path")
  func noSuchHeap() {
    let error = #expect(throws: KernelError.self) { _ = try DMAHeap("no such heap") }
    #expect(error == KernelError(.open, on: "/dev/dma_heap/no such heap", errno: .noSuchFileOrDirectory))
  }
}

@Suite("Deadlines")
struct DeadlineTests {
  private final class Ends: Sendable {
    let sockets: UnixSocket.Pair
    init() throws { sockets = try UnixSocket.pair() }
  }

  @Test("A deadline ends the calls of any thread: a receive, and a send to a full socket")
  func everyThread() throws {
    let ends = try Ends()
    let errors = Mutex<[TimedOut]>([])
    inParallel(2) { index in
      let deadline = Deadline(after: .milliseconds(50))
      do {
        if index == 0 {
          _ = try ends.sockets.one.receive(limit: 1, deadline: deadline)
        } else {
          while true { try ends.sockets.one.send(Array(repeating: 0, count: 4096), deadline: deadline) }
        }
      } catch let error as TimedOut {
        errors.withLock { $0.append(error) }
      } catch {
        Issue.record(error)
      }
    }
    let calls = errors.withLock { Set($0.map(\.call)) }
    #expect(calls == [.poll, .sendmsg])
  }
}

final class TakenNumbers: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var numbers: [Int] = []

  func add(_ number: Int) { lock.withLock { numbers.append(number) } }
}

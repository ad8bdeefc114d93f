// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Refusals of the kernel that runs these tests. The lab tests buffers themselves.
@Suite("Refusals")
struct RefusalTests {
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
  static let hasHeaps = exists("/dev/dma_heap")
  static let hasUdmabuf = exists("/dev/udmabuf")

  @Test(
    "An error names the kind of a file that is not a dma-buf",
    arguments: [
      ("dmabuf map fd:0 </dev/null", "fd:0 is /dev/null, not a dma-buf"),
      ("true | dmabuf map fd:0", "fd:0 is a pipe, not a dma-buf"),
      ("dmabuf sync fd:0 pulse </dev/null", "fd:0 is /dev/null, not a dma-buf"),
      ("dmabuf stat fd:0 </dev/null", "fd:0 is /dev/null, not a dma-buf"),
      ("dmabuf map fd:5 5</proc/self/maps --fill zero", "fd:5 is /proc/"),
    ])
  func wrongKind(_ script: String, _ text: String) throws {
    let outcome = try Subprocess.shell(script)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
  }

  @Test("The name of a file is escaped if it has control characters")
  func escapedKind() throws {
    let outcome = try Subprocess.shell(
      "d=$(mktemp -d) && f=$d/$(printf 'a\\033b') && : >\"$f\" && dmabuf map fd:5 5<\"$f\"; s=$?; rm -r \"$d\"; exit $s"
    )
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("/a\\x1bb, not a dma-buf"), "\(outcome.errors)")
  }

  @Test("A descriptor that is not open is named, with a hint about inheriting descriptors")
  func notOpen() throws {
    let outcome = try Subprocess.shell("dmabuf map fd:9 9<&-")
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("dmabuf: fd:9: "))
    #expect(outcome.errors.contains("Bad file descriptor\ndmabuf: hint: "))
  }

  @Test("A process that does not exist is named")
  func noSuchProcess() throws {
    let outcome = try Subprocess.dmabuf("map", "2147483647:3")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("2147483647") && outcome.errors.contains("No such process"))
  }

  @Test("A descriptor that a process does not have is named with the process")
  func noSuchDescriptor() throws {
    let outcome = try Subprocess.shell("dmabuf map $$:99999; s=$?; echo $$; exit $s")
    let pid = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("dmabuf: \(pid):99999: "), "\(outcome.errors)")
  }

  @Test("A pipe of another process is reported as a pipe")
  func otherProcess() throws {
    let outcome = try Subprocess.shell("exec 8</dev/zero; dmabuf map $$:8")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(":8 is /dev/zero, not a dma-buf"), "\(outcome.errors)")
  }

  @Test("A buffer that no process holds is not found")
  func noSuchBuffer() throws {
    let outcome = try Subprocess.dmabuf("map", "ino:18446744073709551615")
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("dmabuf: ino:18446744073709551615: "))
  }

  @Test("A census of a process that does not exist fails and names it")
  func statOfNobody() throws {
    let outcome = try Subprocess.dmabuf("stat", "--pid", "2147483647")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("2147483647"))
  }

  @Test("A census of a shell finds no buffers and is complete")
  func statOfAShell() throws {
    let outcome = try Subprocess.shell("dmabuf stat --pid $$")
    #expect(outcome.status == 0 && outcome.output == "0 buffers, 0B\n" && outcome.errors == "")
  }

  @Test("A missing heap exits 77 and names its node")
  func noSuchHeap() throws {
    let outcome = try Subprocess.dmabuf("alloc", "1M", "--from", "heap:no-such-heap")
    #expect(outcome.status == 77)
    #expect(
      outcome.errors.hasPrefix("dmabuf: /dev/dma_heap/no-such-heap: open: No such file or directory\ndmabuf: hint: "))
  }

  @Test("heap:cma exits 77 on a machine without heaps", .disabled(if: hasHeaps, "this machine has /dev/dma_heap"))
  func noContiguousHeap() throws {
    #expect(try Subprocess.dmabuf("alloc", "1M", "--from", "heap:cma").status == 77)
  }

  @Test(
    "Without any source of buffers alloc exits 77", .disabled(if: hasHeaps || hasUdmabuf, "this machine has a source")
  )
  func noSource() throws {
    let outcome = try Subprocess.dmabuf("alloc", "1M")
    #expect(outcome.status == 77)
    #expect(outcome.errors.contains("dmabuf alloc --list"))
  }

  @Test("Without udmabuf --from udmabuf exits 77", .disabled(if: hasUdmabuf, "this machine has /dev/udmabuf"))
  func noUserMemory() throws {
    #expect(try Subprocess.dmabuf("alloc", "1M", "--from", "udmabuf").status == 77)
  }

  @Test(
    "The list of sources has the reason why each cannot be used",
    .disabled(if: hasHeaps || hasUdmabuf, "this machine has a source"))
  func sources() throws {
    let outcome = try Subprocess.dmabuf("alloc", "--list", "--json")
    let sources = try #require(try JSONTests.object(outcome.output)["sources"] as? [[String: Any]])
    #expect(outcome.status == 0)
    #expect(sources.allSatisfy { $0["state"] as? String == "missing" && $0["reason"] is String })
  }

  @Test("udmabuf refuses read-only descriptors")
  func readOnlyUserMemory() throws {
    #expect(try Subprocess.dmabuf("alloc", "1M", "--from", "udmabuf", "--read-only").status == 64)
  }

  // MARK: With a source of buffers

  static let canAllocate = hasHeaps || hasUdmabuf

  @Test(
    "The exit status of alloc is that of the command",
    .enabled(if: canAllocate, "this machine has no source of buffers"),
    arguments: [("true", 0), ("false", 1), ("exit 42", 42), ("kill -TERM $$", 143)] as [(String, CInt)])
  func commandStatus(_ script: String, _ status: CInt) throws {
    #expect(try Subprocess.dmabuf("alloc", "8M", "--", "sh", "-c", script).status == status)
  }

  @Test("A command that does not exist exits 127", .enabled(if: canAllocate, "this machine has no source of buffers"))
  func noSuchCommand() throws {
    #expect(try Subprocess.dmabuf("alloc", "8M", "--", "/nonexistent/command").status == 127)
  }
}

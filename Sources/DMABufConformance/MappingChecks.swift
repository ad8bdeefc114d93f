// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// Mappings of a dma-buf.
extension ConformanceCheck {
  static let mapping: [ConformanceCheck] = [
    .init("C20", "the whole buffer can be mapped shared, and the map shows its inode", expect: "ok, inode shown") {
      context in
      let (buffer, size) = (try context.buffer(), try context.size())
      let mapping = try mapped(buffer, size)
      return "\(mapping), " + (Maps.inode(at: mapping) == Raw.inode(buffer) ? "inode shown" : "inode not shown")
    },
    .init("C21", "nothing beyond the end can be mapped", expect: "EINVAL EINVAL EINVAL") { context in
      let (buffer, size, page) = (try context.buffer(), try context.size(), Raw.page)
      _ = try mapped(buffer, size)
      return answers(
        Raw.map(buffer, size + page), Raw.map(buffer, size, offset: page), Raw.map(buffer, page, offset: size))
    },
    .init("C22", "an offset that wraps around is refused", expect: "EOVERFLOW") { context in
      _ = try mapped(try context.buffer(), try context.size())
      return Raw.map(try context.buffer(), 2 * Raw.page, offset: -Raw.page).description
    },
    .init("C23", "a read-only descriptor cannot be mapped writable, mprotect included", expect: "EACCES EACCES") {
      context in
      let buffer = try context.another(mode: O_RDONLY)
      let size = Int(Raw.status(buffer).st_size)
      let readable = try mapped(buffer, size, PROT_READ)
      return answers(Raw.map(buffer, size), Raw.protect(readable, size, PROT_READ | PROT_WRITE))
    },
    .init("C24", "a write-only descriptor cannot be mapped", on: .heap, expect: "EACCES") { context in
      Raw.map(try context.another(mode: O_WRONLY), Raw.page, PROT_WRITE).description
    },
    .init("C25", "memory cannot be mapped for executing", expect: .versions("ok", "ok", "EPERM")) { context in
      let (buffer, size) = (try context.buffer(), try context.size())
      _ = try mapped(buffer, size)
      return Raw.map(buffer, size, PROT_READ | PROT_EXEC).description
    },
    .init("C29", "a mapping outlives all descriptors", expect: "works") { context in
      guard case .given = context.target else {
        let (buffer, size) = (try context.buffer(), try context.size())
        let mapping = try mapped(buffer, size)
        close(buffer)
        let bytes = unsafe Raw.memory(mapping, size)
        unsafe bytes.storeBytes(of: 0x5a, toByteOffset: size - 1, as: UInt8.self)
        return unsafe bytes.load(fromByteOffset: size - 1, as: UInt8.self) == 0x5a ? "works" : "lost"
      }
      throw CheckSkipped("the check would write to the buffer")
    },
  ]

  static let mappingOfHeaps: [ConformanceCheck] = [
    .init("C26", "memory in several chunks cannot be mapped privately", on: .heap, expect: "EINVAL") { context in
      guard context.isHeap("system") else { throw CheckSkipped("only the system heap has chunks") }
      return Raw.map(try context.another(5 * Raw.page), 2 * Raw.page, PROT_READ | PROT_WRITE, MAP_PRIVATE).description
    },
    .init(
      "C27", "a contiguous chunk can be mapped privately", on: .heap, expect: .versions("EINVAL", "EINVAL", "ok")
    ) { context in
      guard context.isHeap("system") else { throw CheckSkipped("only the system heap has chunks") }
      return Raw.map(try context.another(1 << 20), 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE).description
    },
    .init("C28", "a udmabuf cannot be mapped privately", on: .udmabuf, expect: "EINVAL") { context in
      Raw.map(try context.buffer(), Raw.page, PROT_READ | PROT_WRITE, MAP_PRIVATE).description
    },
    .init("C30", "other processes cannot read memory of the system heap", on: .heap, expect: "EFAULT") { context in
      guard context.isHeap("system") else {
        throw CheckSkipped("only the system heap is known to map without struct pages")
      }
      let mapping = try mapped(try context.buffer(), Raw.page)
      var byte: UInt8 = 0
      let memory = unsafe Raw.memory(mapping, 1)
      let answer = unsafe CallResult(cdmabuf_read_process(getpid(), memory.baseAddress, &byte, 1))
      return try answer.orSkip("process_vm_readv").description
    },
    .init(
      "C31", "memory of udmabuf is not counted as resident", on: .udmabuf, expect: .versions("counted", "0", "0")
    ) { context in try residence(of: context) },
    .init(
      "C31", "memory of the CMA heap is not counted as resident", on: .heap, expect: .versions("counted", "0", "0")
    ) { context in
      guard case .heap(let name) = context.target, DMAHeap.cmaNames.contains(name) else {
        throw CheckSkipped("not a CMA heap")
      }
      return try residence(of: context)
    },
    .init("C32", "new memory is zero, reused memory included", on: .heap, expect: "zero") { context in
      let size = 1 << 20
      let used = try context.another(size)
      let dirty = try mapped(used, size)
      unsafe Raw.memory(dirty, size).initializeMemory(as: UInt8.self, repeating: 0xa5)
      Raw.unmap(dirty, size)
      close(used)
      let fresh = try mapped(try context.another(size), size)
      return unsafe Raw.memory(fresh, size).allSatisfy { $0 == 0 } ? "zero" : "not zero"
    },
  ]

  /// Creates a shared mapping. Skips the check if the exporter does not support mappings.
  static func mapped(
    _ buffer: CInt, _ size: Int, _ protection: CInt = PROT_READ | PROT_WRITE
  ) throws -> CallResult {
    let answer = Raw.map(buffer, size, protection)
    if answer.errno == EINVAL || answer.errno == ENODEV || answer.errno == EOPNOTSUPP {
      throw CheckSkipped("this exporter's buffers cannot be mapped: \(answer)")
    }
    if answer.errno == EACCES, CInt(Raw.control(buffer, F_GETFL).value) & O_ACCMODE != O_RDWR {
      throw CheckSkipped("the descriptor is not for reading and writing")
    }
    guard answer.isDone else { throw StepRefused(call: "mmap", answer: answer) }
    return answer
  }

  private static func residence(of context: CheckContext) throws -> String {
    let size = try context.size()
    let mapping = try mapped(try context.buffer(), size)
    unsafe Raw.memory(mapping, size).initializeMemory(as: UInt8.self, repeating: 1)
    return Maps.resident(at: mapping) == 0 ? "0" : "counted"
  }
}

/// This process's mappings, according to /proc.
enum Maps {
  /// The inode number of the mapping at `address`.
  static func inode(at address: CallResult) -> UInt64? {
    line(at: address).flatMap { UInt64($0.split(scalar: " ", omittingEmptySubsequences: true)[4]) }
  }

  static func line(at address: CallResult) -> Substring? {
    let start = address.value.digits(8, radix: 16) + "-"
    return (SmallFile.text("/proc/self/maps") ?? "").split(scalar: "\n").first { $0.hasPrefix(start) }
  }

  /// The resident size of the mapping at `address`, in kilobytes.
  static func resident(at address: CallResult) -> Int? {
    let start = String(address.value, radix: 16)
    let lines = (SmallFile.text("/proc/self/smaps") ?? "").split(scalar: "\n")
    guard let first = lines.firstIndex(where: { $0.hasPrefix(start + "-") }),
      let line = lines[first...].first(where: { $0.hasPrefix("Rss:") })
    else { return nil }
    return line.split(scalar: " ").dropFirst().first.flatMap { Int($0) }
  }
}

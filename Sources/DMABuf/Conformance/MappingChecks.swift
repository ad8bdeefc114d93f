internal import CDMABuf
import Glibc

/// Memory through a dma-buf's descriptor.
extension ConformanceCheck {
  static let mapping: [ConformanceCheck] = [
    .init("C20", "the whole buffer can be mapped shared, and the map shows its inode", expect: "ok, inode shown") {
      trial in
      let (buffer, size) = (try trial.buffer(), try trial.size())
      let mapping = try mapped(buffer, size)
      return "\(mapping), " + (Maps.inode(at: mapping) == Raw.inode(buffer) ? "inode shown" : "inode not shown")
    },
    .init("C21", "nothing beyond the end can be mapped", expect: "EINVAL EINVAL EINVAL") { trial in
      let (buffer, size, page) = (try trial.buffer(), try trial.size(), Raw.page)
      _ = try mapped(buffer, size)
      return answers(
        Raw.map(buffer, size + page), Raw.map(buffer, size, offset: page), Raw.map(buffer, page, offset: size))
    },
    .init("C22", "an offset that wraps around is refused", expect: "EOVERFLOW") { trial in
      _ = try mapped(try trial.buffer(), try trial.size())
      return Raw.map(try trial.buffer(), 2 * Raw.page, offset: -Raw.page).description
    },
    .init("C23", "a read-only descriptor gives no writable memory, later neither", expect: "EACCES EACCES") { trial in
      let buffer = try trial.another(mode: O_RDONLY)
      let size = Int(Raw.status(buffer).st_size)
      let readable = try mapped(buffer, size, PROT_READ)
      return answers(Raw.map(buffer, size), Raw.protect(readable, size, PROT_READ | PROT_WRITE))
    },
    .init("C24", "a write-only descriptor cannot be mapped", on: .heap, expect: "EACCES") { trial in
      Raw.map(try trial.another(mode: O_WRONLY), Raw.page, PROT_WRITE).description
    },
    .init("C25", "memory cannot be mapped for executing", expect: .versions("ok", "ok", "EPERM")) { trial in
      let (buffer, size) = (try trial.buffer(), try trial.size())
      _ = try mapped(buffer, size)
      return Raw.map(buffer, size, PROT_READ | PROT_EXEC).description
    },
    .init("C29", "memory stays when all descriptors are closed", expect: "works") { trial in
      guard case .given = trial.target else {
        let (buffer, size) = (try trial.buffer(), try trial.size())
        let mapping = try mapped(buffer, size)
        close(buffer)
        let bytes = unsafe Raw.memory(mapping, size)
        unsafe bytes.storeBytes(of: 0x5a, toByteOffset: size - 1, as: UInt8.self)
        return unsafe bytes.load(fromByteOffset: size - 1, as: UInt8.self) == 0x5a ? "works" : "lost"
      }
      throw Lacking("it would write to the buffer")
    },
  ]

  static let mappingOfHeaps: [ConformanceCheck] = [
    .init("C26", "memory in several chunks cannot be mapped privately", on: .heap, expect: "EINVAL") { trial in
      guard trial.isHeap("system") else { throw Lacking("only the system heap has chunks") }
      return Raw.map(try trial.another(5 * Raw.page), 2 * Raw.page, PROT_READ | PROT_WRITE, MAP_PRIVATE).description
    },
    .init(
      "C27", "a contiguous chunk can be mapped privately", on: .heap, expect: .versions("EINVAL", "EINVAL", "ok")
    ) { trial in
      guard trial.isHeap("system") else { throw Lacking("only the system heap has chunks") }
      return Raw.map(try trial.another(1 << 20), 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE).description
    },
    .init("C28", "a udmabuf cannot be mapped privately", on: .userMemory, expect: "EINVAL") { trial in
      Raw.map(try trial.buffer(), Raw.page, PROT_READ | PROT_WRITE, MAP_PRIVATE).description
    },
    .init("C30", "other processes cannot read memory of the system heap", on: .heap, expect: "EFAULT") { trial in
      guard trial.isHeap("system") else {
        throw Lacking("only the system heap is certain to be mapped without pages")
      }
      let mapping = try mapped(try trial.buffer(), Raw.page)
      var byte: UInt8 = 0
      let memory = unsafe Raw.memory(mapping, 1)
      let answer = unsafe Answer(cdmabuf_read_process(getpid(), memory.baseAddress, &byte, 1))
      return try answer.orSkip("process_vm_readv").description
    },
    .init(
      "C31", "memory of udmabuf is not counted as resident", on: .userMemory, expect: .versions("counted", "0", "0")
    ) { trial in try residence(of: trial) },
    .init(
      "C31", "memory of the CMA heap is not counted as resident", on: .heap, expect: .versions("counted", "0", "0")
    ) { trial in
      guard case .heap(let name) = trial.target, Heap.contiguousNames.contains(name) else {
        throw Lacking("not a CMA heap")
      }
      return try residence(of: trial)
    },
    .init("C32", "new memory is zero, after others used it too", on: .heap, expect: "zero") { trial in
      let size = 1 << 20
      let used = try trial.another(size)
      let dirty = try mapped(used, size)
      unsafe Raw.memory(dirty, size).initializeMemory(as: UInt8.self, repeating: 0xa5)
      Raw.unmap(dirty, size)
      close(used)
      let fresh = try mapped(try trial.another(size), size)
      return unsafe Raw.memory(fresh, size).allSatisfy { $0 == 0 } ? "zero" : "not zero"
    },
  ]

  /// A shared mapping; skips the check where the exporter has none.
  static func mapped(
    _ buffer: CInt, _ size: Int, _ protection: CInt = PROT_READ | PROT_WRITE
  ) throws -> Answer {
    let answer = Raw.map(buffer, size, protection)
    if answer.errno == EINVAL || answer.errno == ENODEV || answer.errno == EOPNOTSUPP {
      throw Lacking("this exporter's buffers cannot be mapped: \(answer)")
    }
    if answer.errno == EACCES, CInt(Raw.control(buffer, F_GETFL).value) & O_ACCMODE != O_RDWR {
      throw Lacking("the descriptor is not for reading and writing")
    }
    guard answer.isDone else { throw Setback(call: "mmap", answer: answer) }
    return answer
  }

  private static func residence(of trial: Trial) throws -> String {
    let size = try trial.size()
    let mapping = try mapped(try trial.buffer(), size)
    unsafe Raw.memory(mapping, size).initializeMemory(as: UInt8.self, repeating: 1)
    return Maps.resident(at: mapping) == 0 ? "0" : "counted"
  }
}

/// This process's memory as /proc shows it.
enum Maps {
  /// The inode that the mapping at `address` is of.
  static func inode(at address: Answer) -> UInt64? {
    line(at: address).flatMap { UInt64($0.split(scalar: " ", omittingEmptySubsequences: true)[4]) }
  }

  /// The line of the mapping at `address`.
  static func line(at address: Answer) -> Substring? {
    let start = String(address.value, radix: 16)
    let padded = String(repeating: "0", count: max(0, 8 - start.count)) + start
    return (SmallFile.text("/proc/self/maps") ?? "").split(scalar: "\n").first { $0.hasPrefix(padded + "-") }
  }

  /// Kilobytes of the mapping at `address` that count as resident.
  static func resident(at address: Answer) -> Int? {
    let start = String(address.value, radix: 16)
    let lines = (SmallFile.text("/proc/self/smaps") ?? "").split(scalar: "\n")
    guard let first = lines.firstIndex(where: { $0.hasPrefix(start + "-") }),
      let line = lines[first...].first(where: { $0.hasPrefix("Rss:") })
    else { return nil }
    return line.split(scalar: " ").dropFirst().first.flatMap { Int($0) }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// Checks of the nodes in /dev/dma_heap.
extension ConformanceCheck {
  static let heaps: [ConformanceCheck] = [
    .init("C74", "a length of one byte allocates a page", on: .heap, expect: "one page") { context in
      let size = Int(Raw.status(try context.another(1)).st_size)
      return size == Raw.page ? "one page" : "\(size)"
    },
    .init(
      "C75", "wrong lengths, descriptors and flags are refused", on: .heap,
      expect: "EINVAL EINVAL EINVAL EINVAL EINVAL"
    ) { context in
      let node = try context.node()
      let page = UInt64(Raw.page)
      // Length, descriptor, flags of the descriptor, flags of the heap.
      let cases: [(UInt64, UInt32, UInt32, UInt64)] = [
        (0, 0, 0, 0), (.max, 0, 0, 0), (page, 5, 0, 0), (page, 0, UInt32(O_NONBLOCK), 0), (page, 0, 0, 1),
      ]
      return answers(
        cases.map { length, descriptor, flags, heapFlags in
          var argument = Argument(24, 0, 0, descriptor, flags)
          argument[u64: 0] = length
          argument[u64: 16] = heapFlags
          return Raw.ioctl(node, CheckContext.allocation, argument)
        })
    },
    .init("C76", "an argument in read-only memory leaks no descriptor", on: .heap, expect: "EFAULT, none leaked") {
      context in
      let node = try context.node()
      let page = Raw.map(-1, Raw.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
      unsafe Raw.memory(page, 8).storeBytes(of: UInt64(Raw.page), as: UInt64.self)
      _ = Raw.protect(page, Raw.page, PROT_READ)
      let before = lowestFree()
      let answer = Raw.ioctl(node, CheckContext.allocation, address: UInt(bitPattern: page.value))
      return "\(answer), " + (lowestFree() == before ? "none leaked" : "one leaked")
    },
    .init("C77", "unknown requests are refused", on: .heap, expect: "EINVAL EINVAL") { context in
      let node = try context.node()
      return answers(
        Raw.ioctl(node, .both("H", 1, 24), Argument(64)), Raw.ioctl(node, RawRequest(number: 0x5401), Argument(64)))
    },
    .init("C78", "shorter and longer arguments are accepted", on: .heap, expect: "ok ok") { context in
      let node = try context.node()
      var argument = Argument(32)
      argument[u64: 0] = UInt64(Raw.page)
      return answers(
        Raw.ioctl(node, .both("H", 0, 16), argument), Raw.ioctl(node, .both("H", 0, 32), argument))
    },
    .init("C79", "the exporter of a buffer is the name of the heap", on: .heap, expect: "the heap's name") {
      context in
      guard let exporter = Raw.fdinfo(try context.buffer())?.exporter else {
        throw CheckSkipped("/proc cannot be read")
      }
      return context.isHeap(exporter.string) ? "the heap's name" : exporter.escaped
    },
    .init("C80", "without a free descriptor nothing is allocated", on: .heap, expect: "EMFILE") { context in
      let node = try context.node()
      var limit = rlimit(rlim_cur: rlim_t(lowestFree()), rlim_max: rlim_t(lowestFree()))
      _ = try unsafe CallResult(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)).orEnd("setrlimit")
      var argument = Argument(24)
      argument[u64: 0] = UInt64(Raw.page)
      return Raw.ioctl(node, CheckContext.allocation, argument).description
    },
    .init("C81", "an allocation larger than the CMA area is refused", on: .heap, expect: "ENOMEM") { context in
      guard case .heap(let name) = context.target, DMAHeap.cmaNames.contains(name),
        let total = MemoryInformation().cmaTotal
      else { throw CheckSkipped("not a CMA heap") }
      var argument = Argument(24)
      argument[u64: 0] = total + 64 << 20
      return Raw.ioctl(try context.node(), CheckContext.allocation, argument).description
    },
  ]

  /// The number of the next descriptor that would be opened.
  private static func lowestFree() -> CInt {
    let copy = dup(0)
    close(copy)
    return copy
  }
}

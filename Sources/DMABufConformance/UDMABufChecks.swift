// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc

/// Checks of the node /dev/udmabuf.
extension ConformanceCheck {
  private static let page = UInt64(Mapping.pageSize)
  private static let write: CInt = 8
  private static let futureWrite: CInt = 16
  private static let parameters = "/sys/module/udmabuf/parameters/"

  static let udmabuf: [ConformanceCheck] = [
    .init("C82", "the buffer and its memfd share their memory", on: .udmabuf, expect: "same bytes") { context in
      let memory = try context.sealedMemory(Raw.page)
      let mapping = try mapped(try context.userBuffer(of: memory, Raw.page), Raw.page)
      unsafe Raw.memory(mapping, 1).storeBytes(of: 0x5a, as: UInt8.self)
      var byte: UInt8 = 0
      _ = unsafe pread(memory, &byte, 1, 0)
      return byte == 0x5a ? "same bytes" : "other bytes"
    },
    .init(
      "C83", "a memfd that can shrink, or is sealed against writing, is refused", on: .udmabuf,
      expect: "EINVAL EINVAL EINVAL"
    ) { context in
      let shrink = CDMABUF_F_SEAL_SHRINK
      return try answers(
        [0, shrink | write, shrink | futureWrite].map {
          try context.createUserBuffer(context.sealedMemory(Raw.page, seals: $0), size: page)
        })
    },
    .init("C84", "a file that is not a memfd is refused", on: .udmabuf, expect: "EBADFD EBADFD") { context in
      let null = try Raw.open("/dev/null", O_RDWR).orEnd("open")
      return try answers([-1, null].map { try context.createUserBuffer($0, size: page) })
    },
    .init("C85", "ranges must be whole pages inside the file", on: .udmabuf, expect: "EINVAL EINVAL EINVAL EINVAL") {
      context in
      let memory = try context.sealedMemory(2 * Raw.page)
      let ranges: [(UInt64, UInt64)] = [(1, page), (0, 1), (0, 0), (page, 2 * page)]
      return try answers(ranges.map { try context.createUserBuffer(memory, offset: $0.0, size: $0.1) })
    },
    .init("C86", "flags other than CLOEXEC are ignored", on: .udmabuf, expect: "ok, no CLOEXEC") { context in
      let answer = try context.createUserBuffer(context.sealedMemory(Raw.page), size: page, flags: 0xfe)
      return "\(answer), " + (Raw.control(answer.descriptor, F_GETFD).value & 1 == 0 ? "no CLOEXEC" : "CLOEXEC")
    },
    .init("C87", "the memfd of a buffer cannot be sealed against writing", on: .udmabuf, expect: "EBUSY") {
      context in
      let memory = try context.sealedMemory(Raw.page)
      _ = try context.userBuffer(of: memory, Raw.page)
      return Raw.control(memory, CDMABUF_F_ADD_SEALS, write).description
    },
    .init(
      "C88", "untouched huge pages are accepted", on: .udmabuf, expect: .versions("EINVAL", "ok", "ok")
    ) { context in
      let free = MemoryInformation.hugePageSizes().first { (MemoryInformation.hugePages(of: $0)?.free ?? 0) > 0 }
      guard let huge = free else { throw CheckSkipped("no huge pages are free") }
      let flags = MFD_HUGETLB | UInt32(huge.trailingZeroBitCount) << UInt32(MFD_HUGE_SHIFT)
      return try context.createUserBuffer(context.sealedMemory(huge, flags: flags), size: page).description
    },
    .init(
      "C89", "the default limit is above 80 MiB", on: .udmabuf,
      expect: .changed(in: KernelVersion(7, 3), from: "EINVAL", to: "ok")
    ) {
      context in
      let limit = SmallFile.number(parameters + "size_limit_mb")
      guard limit == 64 || limit == 2_147_483_647 else { throw CheckSkipped("size_limit_mb is not the default") }
      guard MemoryInformation().available ?? 0 > 400 << 20 else {
        throw CheckSkipped("less than 400 MiB are available")
      }
      return try context.createUserBuffer(context.sealedMemory(80 << 20), size: 80 << 20).description
    },
    .init("C90", "lists have from one item to list_limit", on: .udmabuf, expect: "EINVAL EINVAL") { context in
      let limit = Int(SmallFile.number(parameters + "list_limit") ?? 1024)
      guard limit < 100_000 else { throw CheckSkipped("list_limit is \(limit)") }
      let memory = try context.sealedMemory(Raw.page)
      return answers(
        try createList(context, []), try createList(context, Array(repeating: (memory, page), count: limit + 1)))
    },
    .init(
      "C91", "a list with an empty item is refused", on: .udmabuf, expect: .versions("ok", "EINVAL", "EINVAL")
    ) { context in
      let memory = try context.sealedMemory(Raw.page)
      return try createList(context, [(memory, page), (memory, 0)]).description
    },
  ]

  private static func createList(_ context: CheckContext, _ items: [(CInt, UInt64)]) throws -> CallResult {
    var argument = Argument(8 + 24 * items.count, 1, UInt32(items.count))
    for (index, item) in items.enumerated() {
      argument[descriptor: 8 + 24 * index] = item.0
      argument[u64: 8 + 24 * index + 16] = item.1
    }
    return Raw.ioctl(try context.node(), .write("u", 0x43, 8), argument)
  }
}

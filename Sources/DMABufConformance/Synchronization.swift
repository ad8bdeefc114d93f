// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// CPU access: SYNC START and SYNC END.
extension ConformanceCheck {
  static let synchronization: [ConformanceCheck] = [
    .init("C33", "an idle buffer accepts each START and END", expect: "ok ok ok ok ok ok") { context in
      let buffer = try context.idleBuffer()
      return answers([1, 2, 3, 5, 6, 7].map { Raw.synchronize(buffer, $0) })
    },
    .init("C34", "other flags are refused", expect: "EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL") { context in
      let buffer = try context.buffer()
      return answers([0, 4, 8, 16, 1 | 1 << 32, 1 | 1 << 63].map { Raw.synchronize(buffer, $0) })
    },
    .init("C35", "a missing argument is refused", expect: "EFAULT") { context in
      Raw.ioctl(try context.buffer(), .write("b", 0, 8), address: 0).description
    },
    .init(
      "C36", "udmabuf refuses an END before the first START", on: .udmabuf, expect: "EINVAL ok ok"
    ) { context in
      let buffer = try context.buffer()
      return answers([5, 1, 5].map { Raw.synchronize(buffer, $0) })
    },
    .init("C37", "an END without a START is accepted", expect: "ok ok") { context in
      guard !context.isUDMABuf else { throw CheckSkipped("udmabuf refuses an END before the first START, see C36") }
      if Raw.fdinfo(try context.buffer())?.exporter.string == "udmabuf" {
        throw CheckSkipped("udmabuf refuses an END before the first START, see C36")
      }
      let buffer = try context.buffer()
      return answers([5, 5].map { Raw.synchronize(buffer, $0) })
    },
    .init("C43", "a read-only descriptor accepts all requests", expect: "ok ok ok") { context in
      let buffer = try context.another(mode: O_RDONLY)
      return answers(Raw.name(buffer, "check"), Raw.exportFences(buffer, 1), Raw.synchronize(buffer, 3))
    },
  ]

  static let names: [ConformanceCheck] = [
    .init("C38", "a name has at most 31 bytes", expect: "ok EINVAL, the first kept", disturbing: true) { context in
      try renaming(context) { buffer in
        let longest = String(repeating: "x", count: 31)
        let answers = answers(Raw.name(buffer, longest), Raw.name(buffer, longest + "y"))
        return answers + (Raw.fdinfo(buffer)?.name?.string == longest ? ", the first kept" : ", not kept")
      }
    },
    .init("C39", "a missing name is refused", expect: "EFAULT") { context in
      Raw.ioctl(try context.buffer(), Raw.setName, address: 0).description
    },
    .init("C40", "the older request number is accepted", expect: "ok, named", disturbing: true) { context in
      try renaming(context) { buffer in
        "\(Raw.name(buffer, "older", by: Raw.setNameOld))"
          + (Raw.fdinfo(buffer)?.name?.string == "older" ? ", named" : ", not named")
      }
    },
    .init("C41", "an empty name is set", expect: "ok, name: is empty, /dmabuf:", disturbing: true) { context in
      try renaming(context) { buffer in
        let answer = Raw.name(buffer, "")
        let line = try lines(of: buffer).last == "name:\t" ? "name: is empty" : "no name:"
        return "\(answer), \(line), \(Raw.link(path(buffer)) ?? "no link")"
      }
    },
    .init(
      "C42", "a newline in a name is raw in fdinfo and escaped in maps", expect: "raw line, \\012", disturbing: true
    ) { context in
      try renaming(context) { buffer in
        _ = try Raw.name(buffer, "one\ncount:\t9").orEnd("DMA_BUF_SET_NAME")
        let isRaw = try lines(of: buffer).last == "count:\t9"
        let mapping = try mapped(buffer, try context.size())
        let isEscaped = Maps.line(at: mapping)?.contains("\\012") ?? false
        return (isRaw ? "raw line" : "no line") + (isEscaped ? ", \\012" : ", not escaped")
      }
    },
  ]

  /// Runs `body`, and restores the buffer's name afterwards. A buffer without a name gets an empty one.
  private static func renaming(_ context: CheckContext, _ body: (CInt) throws -> String) throws -> String {
    let buffer = try context.buffer()
    let before = Raw.fdinfo(buffer)?.name
    defer { _ = Raw.name(buffer, before?.string ?? "") }
    return try body(buffer)
  }
}

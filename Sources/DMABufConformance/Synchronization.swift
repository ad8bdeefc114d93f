internal import CDMABuf
import DMABuf
import Glibc

/// The brackets around CPU access.
extension ConformanceCheck {
  static let synchronization: [ConformanceCheck] = [
    .init("C33", "an idle buffer takes each START and END", expect: "ok ok ok ok ok ok") { trial in
      let buffer = try trial.idleBuffer()
      return answers([1, 2, 3, 5, 6, 7].map { Raw.synchronize(buffer, $0) })
    },
    .init("C34", "other flags are refused", expect: "EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL") { trial in
      let buffer = try trial.buffer()
      return answers([0, 4, 8, 16, 1 | 1 << 32, 1 | 1 << 63].map { Raw.synchronize(buffer, $0) })
    },
    .init("C35", "no argument is refused", expect: "EFAULT") { trial in
      Raw.ioctl(try trial.buffer(), .write("b", 0, 8), address: 0).description
    },
    .init(
      "C36", "udmabuf refuses an END before the first START", on: .userMemory, expect: "EINVAL ok ok"
    ) { trial in
      let buffer = try trial.buffer()
      return answers([5, 1, 5].map { Raw.synchronize(buffer, $0) })
    },
    .init("C37", "an END without a START is taken", expect: "ok ok") { trial in
      guard !trial.isUserMemory else { throw CheckSkipped("udmabuf refuses it, see C36") }
      if Raw.fdinfo(try trial.buffer())?.exporter.string == "udmabuf" {
        throw CheckSkipped("udmabuf refuses it, see C36")
      }
      let buffer = try trial.buffer()
      return answers([5, 5].map { Raw.synchronize(buffer, $0) })
    },
    .init("C43", "a read-only descriptor takes all requests", expect: "ok ok ok") { trial in
      let buffer = try trial.another(mode: O_RDONLY)
      return answers(Raw.name(buffer, "check"), Raw.exportFences(buffer, 1), Raw.synchronize(buffer, 3))
    },
  ]

  static let names: [ConformanceCheck] = [
    .init("C38", "a name has at most 31 bytes", expect: "ok EINVAL, the first kept", disturbing: true) { trial in
      try renaming(trial) { buffer in
        let longest = String(repeating: "x", count: 31)
        let answers = answers(Raw.name(buffer, longest), Raw.name(buffer, longest + "y"))
        return answers + (Raw.fdinfo(buffer)?.name?.string == longest ? ", the first kept" : ", not kept")
      }
    },
    .init("C39", "no name is refused", expect: "EFAULT") { trial in
      Raw.ioctl(try trial.buffer(), Raw.setName, address: 0).description
    },
    .init("C40", "the request's older number is taken, too", expect: "ok, named", disturbing: true) { trial in
      try renaming(trial) { buffer in
        "\(Raw.name(buffer, "older", by: Raw.setNameOld))"
          + (Raw.fdinfo(buffer)?.name?.string == "older" ? ", named" : ", not named")
      }
    },
    .init("C41", "an empty name is a name", expect: "ok, name: is empty, /dmabuf:", disturbing: true) { trial in
      try renaming(trial) { buffer in
        let answer = Raw.name(buffer, "")
        let line = try lines(of: buffer).last == "name:\t" ? "name: is empty" : "no name:"
        return "\(answer), \(line), \(Raw.link(path(buffer)) ?? "no link")"
      }
    },
    .init(
      "C42", "a newline in a name is raw in fdinfo and escaped in maps", expect: "raw line, \\012", disturbing: true
    ) { trial in
      try renaming(trial) { buffer in
        _ = try Raw.name(buffer, "one\ncount:\t9").orEnd("DMA_BUF_SET_NAME")
        let isRaw = try lines(of: buffer).last == "count:\t9"
        let mapping = try mapped(buffer, try trial.size())
        let isEscaped = Maps.line(at: mapping)?.contains("\\012") ?? false
        return (isRaw ? "raw line" : "no line") + (isEscaped ? ", \\012" : ", not escaped")
      }
    },
  ]

  /// Gives the buffer its name back afterwards, as far as it had one.
  private static func renaming(_ trial: CheckContext, _ body: (CInt) throws -> String) throws -> String {
    let buffer = try trial.buffer()
    let before = Raw.fdinfo(buffer)?.name
    defer { _ = Raw.name(buffer, before?.string ?? "") }
    return try body(buffer)
  }
}

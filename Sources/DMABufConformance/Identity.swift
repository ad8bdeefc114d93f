// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// The identity of a dma-buf's descriptor, and the effect of plain file calls.
extension ConformanceCheck {
  static let identity: [ConformanceCheck] = [
    .init("C1", "fstatfs reports the magic number of dma-bufs", expect: "0x444d4142") { context in
      "0x" + String(cdmabuf_magic(try context.buffer()), radix: 16)
    },
    .init(
      "C2", "fstat reports no file type, one link, an inode and an anonymous device",
      expect: "type 0, links 1, inode, major 0"
    ) {
      context in
      let status = Raw.status(try context.buffer())
      let inode = status.st_ino > 0 ? "inode" : "no inode"
      return
        "type \(status.st_mode & S_IFMT), links \(status.st_nlink), \(inode), major \(cdmabuf_device(status.st_dev) >> 32)"
    },
    .init("C3", "seeking to the end, fstat and fdinfo report the same size", expect: "equal") { context in
      let buffer = try context.buffer()
      let end = Raw.seek(buffer, 0, SEEK_END)
      let sizes = [end.value, try context.size(), Int(Raw.fdinfo(buffer)?.size ?? 0)]
      return Set(sizes).count == 1 ? "equal" : "\(sizes)"
    },
    .init("C4", "seeking to the start succeeds, and the position stays 0", expect: "0, pos 0") { context in
      let buffer = try context.buffer()
      _ = Raw.seek(buffer, 0, SEEK_END)
      let start = Raw.seek(buffer, 0, SEEK_SET)
      let line = try lines(of: buffer).first { $0.hasPrefix("pos:\t") } ?? "no pos"
      return "\(start.isDone ? "\(start.value)" : start.description), pos \(line.dropFirst(5))"
    },
    .init("C5", "all other ways of seeking are refused", expect: "EINVAL EINVAL EINVAL EINVAL EINVAL") { context in
      let buffer = try context.buffer()
      let ways: [(Int, CInt)] = [(1, SEEK_SET), (-1, SEEK_END), (0, SEEK_CUR), (0, 3), (0, 4)]
      return answers(ways.map { Raw.seek(buffer, $0.0, $0.1) })
    },
    .init("C6", "read and pread are refused", expect: "EINVAL ESPIPE") { context in
      let buffer = try context.buffer()
      var byte: UInt8 = 0
      return answers(unsafe CallResult(read(buffer, &byte, 1)), unsafe CallResult(pread(buffer, &byte, 1, 0)))
    },
    .init("C7", "write through a read-only descriptor is refused", expect: "EBADF") { context in
      let buffer = try context.another(mode: O_RDONLY)
      var byte: UInt8 = 0
      return unsafe CallResult(write(buffer, &byte, 1)).description
    },
    .init("C8", "the size cannot be changed", expect: "EINVAL") { context in
      CallResult(ftruncate(try context.buffer(), 0)).description
    },
    .init("C9", "the descriptor cannot be opened again through /proc", expect: "ENXIO") { context in
      Raw.open(path(try context.buffer()), O_RDWR).description
    },
    .init("C10", "O_PATH can open the descriptor, and accepts no requests", expect: "ok EBADF") { context in
      let handle = Raw.open(path(try context.buffer()), CDMABUF_O_PATH)
      return answers(handle, Raw.synchronize(handle.descriptor, 1))
    },
    .init("C11", "the link in /proc is /dmabuf: and the name", expect: "/dmabuf: + name") { context in
      let buffer = try context.buffer()
      let link = Raw.link(path(buffer)) ?? "no link"
      let name = Raw.fdinfo(buffer)?.name?.string ?? ""
      return link == "/dmabuf:" + name ? "/dmabuf: + name" : UntrustedText(link.utf8).escaped
    },
    .init("C12", "stat and statfs through /proc report the same as through the descriptor", expect: "same") {
      context in
      let buffer = try context.buffer()
      var found = stat()
      let answer = unsafe CallResult(stat(path(buffer), &found))
      let magic = unsafe cdmabuf_path_magic(path(buffer))
      let expected = Raw.status(buffer)
      let same =
        answer.isDone && found.st_ino == expected.st_ino && found.st_size == expected.st_size
        && magic == CDMABUF_SUPER_MAGIC
      return same ? "same" : "different"
    },
    .init(
      "C13", "fdinfo has its keys in order, and the inode of fstat",
      expect: "pos flags mnt_id ino size count exp_name, ino as fstat"
    ) { context in
      let buffer = try context.buffer()
      let keys = try lines(of: buffer).prefix(7).map { $0.prefix { $0 != ":" } }.joined(separator: " ")
      let isSame = Raw.fdinfo(buffer)?.inode == Raw.inode(buffer)
      return keys + (isSame ? ", ino as fstat" : ", another ino")
    },
    .init("C14", "a duplicate is the same open file", expect: "same inode, same file") { context in
      let buffer = try context.buffer()
      let copy = dup(buffer)
      let inode = Raw.inode(copy) == Raw.inode(buffer) ? "same inode" : "another inode"
      return inode + ", \(try Raw.sameFile(buffer, copy)) file"
    },
    .init("C15", "buffers share a device, and later ones have larger inodes", expect: "same device, larger") {
      context in
      let (first, second) = (Raw.status(try context.another()), Raw.status(try context.another()))
      let device = first.st_dev == second.st_dev ? "same device" : "another device"
      return device + (second.st_ino > first.st_ino ? ", larger" : ", not larger")
    },
    .init("C16", "unknown requests are refused", expect: "ENOTTY ENOTTY") { context in
      let buffer = try context.buffer()
      return answers(
        Raw.ioctl(buffer, .none("b", 9), Argument(64)), Raw.ioctl(buffer, RawRequest(number: 0x5401), Argument(64)))
    },
    .init(
      "C17", "the flags are an access mode and O_NONBLOCK", expect: "no others, O_NONBLOCK shown", disturbing: true
    ) { context in
      let buffer = try context.buffer()
      let flags = CInt(Raw.control(buffer, F_GETFL).value)
      _ = Raw.control(buffer, F_SETFL, flags | O_NONBLOCK)
      let after = CInt(Raw.control(buffer, F_GETFL).value)
      _ = Raw.control(buffer, F_SETFL, flags)
      // 32-bit programs see O_LARGEFILE.
      let others = flags & ~(O_ACCMODE | O_NONBLOCK | CDMABUF_O_LARGEFILE)
      return (others == 0 ? "no others" : "0o" + String(others, radix: 8))
        + (after & O_NONBLOCK != 0 ? ", O_NONBLOCK shown" : ", O_NONBLOCK lost")
    },
    .init("C18", "a dma-buf has no seals", expect: "EINVAL") { context in
      Raw.control(try context.buffer(), CDMABUF_F_GET_SEALS).description
    },
  ]

  static func path(_ descriptor: CInt) -> String { "/proc/self/fd/\(descriptor)" }

  static func lines(of descriptor: CInt) throws -> [Substring] {
    guard let text = SmallFile.text("/proc/self/fdinfo/\(descriptor)") else {
      throw CheckSkipped("/proc cannot be read")
    }
    return text.split(scalar: "\n")
  }
}

/// Reference counts.
extension ConformanceCheck {
  static let identityCounts: [ConformanceCheck] = [
    .init(
      "C19", "each duplicate, process, mapping and message in flight adds one to count",
      expect: "dup +1, fork +1, mmap +1, message +1, then +0"
    ) { context in
      if case .given = context.target { throw CheckSkipped("another process may share the buffer") }
      let buffer = try context.buffer()
      let size = try context.size()
      let before = Raw.count(buffer)
      func more() -> String { "+\(Raw.count(buffer) - before)" }

      let copy = dup(buffer)
      var found = ["dup " + more()]
      close(copy)
      let child = cdmabuf_fork_apart()
      if child == 0 { while true { pause() } }
      found.append("fork " + more())
      kill(child, SIGKILL)
      _ = waitpid(child, nil, 0)
      let mapping = Raw.map(buffer, size)
      found.append(mapping.isDone ? "mmap " + more() : "mmap +1")
      if mapping.isDone { Raw.unmap(mapping, size) }
      let sockets = try socketPair()
      _ = unsafe cdmabuf_send(sockets[0], [0] as [UInt8], 1, [buffer], 1)
      found.append("message " + more())
      sockets.forEach { close($0) }
      settle { Raw.count(buffer) == before }
      return (found + ["then " + more()]).joined(separator: ", ")
    }
  ]

  static func socketPair() throws -> [CInt] {
    var sockets: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    _ = try unsafe CallResult(socketpair(AF_UNIX, kind, 0, &sockets)).orEnd("socketpair")
    return sockets
  }

  /// Waits up to a second for an effect that the kernel delays.
  static func settle(until isDone: () -> Bool) {
    for _ in 0..<100 where !isDone() { usleep(10_000) }
  }
}

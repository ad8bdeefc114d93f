// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// An open directory whose names are read with `getdents64(2)` into the caller's buffer, without an allocation per
/// name.
package struct Directory: ~Copyable {
  package let file: OpenFile

  package init(_ file: consuming OpenFile) { self.file = file }

  package init(_ path: String) throws(KernelError) {
    file = try OpenFile(path, O_RDONLY | O_DIRECTORY)
  }

  package init(_ name: String, in parent: borrowing Directory) throws(KernelError) {
    let number = unsafe name.withSystemBytes {
      unsafe openat(parent.descriptor, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard number >= 0 else { throw KernelError(.openat, on: parent.file.name + "/" + name) }
    file = OpenFile(OwnedDescriptor(owning: number), name: parent.file.name + "/" + name)
  }

  package var descriptor: CInt { file.descriptor.rawValue }

  /// Calls `body` with each name except `.` and `..`. The name is NUL-terminated and valid during the call.
  package func forEachName(
    buffer: UnsafeMutableRawBufferPointer, _ body: (UnsafePointer<CChar>) -> Void
  ) throws(KernelError) {
    // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name.
    let lengthOffset = 16
    let nameOffset = 19
    while true {
      let filled = unsafe cdmabuf_getdents64(descriptor, buffer.baseAddress, buffer.count)
      if filled < 0 { throw KernelError(.getdents64, on: file.name) }
      if filled == 0 { return }
      var entry = 0
      while entry + nameOffset < filled {
        let name = unsafe (buffer.baseAddress! + entry + nameOffset).assumingMemoryBound(to: CChar.self)
        let dot = CChar(UInt8(ascii: "."))
        let isSpecial = unsafe name[0] == dot && (name[1] == 0 || name[1] == dot && name[2] == 0)
        if !isSpecial { unsafe body(name) }
        entry += Int(unsafe buffer.loadUnaligned(fromByteOffset: entry + lengthOffset, as: UInt16.self))
      }
    }
  }

  /// All names, in the kernel's order.
  package func names() throws(KernelError) -> [String] {
    var names: [String] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    defer { unsafe buffer.deallocate() }
    try unsafe forEachName(buffer: buffer) { unsafe names.append(SystemText.string(cString: $0)) }
    return names
  }
}

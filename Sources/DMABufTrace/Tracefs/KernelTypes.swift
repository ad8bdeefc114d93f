// SPDX-License-Identifier: MIT
internal import CLibBPF
import DMABuf
import Glibc

/// The places of members in structures of the running kernel, from its BTF.
@safe final class KernelTypes {
  private let types: OpaquePointer

  /// Reads ``Tracer/types``; `nil` if the kernel does not describe its types.
  init?() {
    guard unsafe access(Tracer.types, R_OK) == 0 else { return nil }
    clibbpf_print_nothing()
    guard let types = unsafe btf__load_vmlinux_btf() else { return nil }
    unsafe self.types = types
  }

  deinit { unsafe btf__free(types) }

  /// The offset of a member in bytes: `device.kobj.name`. `nil` if the structure has no such member.
  func offset(of path: String) -> Int? {
    var names = path.split(scalar: ".")
    let structure = String(names.removeFirst())
    let number = unsafe btf__find_by_name_kind(types, structure, UInt32(BTF_KIND_STRUCT))
    guard number > 0 else { return nil }
    return offset(of: names[...], in: UInt32(number), depth: 0)
  }

  private func offset(of path: ArraySlice<Substring>, in number: UInt32, depth: Int) -> Int? {
    guard let name = path.first, depth < 16, let type = unsafe structure(number) else {
      return path.isEmpty ? 0 : nil
    }
    guard let members = unsafe btf_members(type) else { return nil }
    for index in 0..<Int(unsafe btf_vlen(type)) {
      let member = unsafe members[index]
      let bits = unsafe btf_member_bit_offset(type, UInt32(index))
      let memberName = unsafe btf__name_by_offset(types, member.name_off).map { unsafe String(cString: $0) } ?? ""
      // The members of a structure without a name belong to the outer one.
      guard memberName.isEmpty || memberName == name else { continue }
      let rest = memberName.isEmpty ? path : path.dropFirst()
      if rest.isEmpty { return Int(bits / 8) }
      if let inner = offset(of: rest, in: member.type, depth: depth + 1) { return Int(bits / 8) + inner }
    }
    return nil
  }

  /// The structure or union of this number, without qualifiers.
  private func structure(_ number: UInt32) -> UnsafePointer<btf_type>? {
    var type = unsafe btf__type_by_id(types, number)
    for _ in 0..<8 {
      guard let current = unsafe type else { return nil }
      switch Int(unsafe btf_kind(current)) {
      case Int(BTF_KIND_STRUCT), Int(BTF_KIND_UNION): return unsafe current
      case Int(BTF_KIND_CONST), Int(BTF_KIND_VOLATILE), Int(BTF_KIND_TYPEDEF):
        unsafe type = btf__type_by_id(types, current.pointee.type)
      default: return nil
      }
    }
    return nil
  }
}

/// The symbols of the running kernel.
enum KernelSymbols {
  /// The address of a function; 0 if this process may not see addresses. Reads `/proc/kallsyms` up to the function: lines
  /// like `ffffffff81c3a1b0 t NAME`.
  static func address(of name: String) -> UInt64 {
    let end = Array(" \(name)".utf8)
    guard let file = try? OpenFile("/proc/kallsyms", O_RDONLY) else { return 0 }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var rest: [UInt8] = []
    while let count = try? unsafe file.read(into: chunk), count > 0 {
      unsafe rest += chunk[..<count]
      let lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      for line in lines.dropLast() where line.suffix(end.count).elementsEqual(end) {
        let digits = line.prefix { $0 != UInt8(ascii: " ") }
        return UInt64(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
      }
      rest = Array(lines.last ?? [])
    }
    return 0
  }
}

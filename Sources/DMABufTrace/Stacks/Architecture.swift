// SPDX-License-Identifier: MIT

/// What differs between processors for the unwinding of stacks.
struct Architecture: Equatable, Sendable {
  /// The machine of an ELF file (`e_machine`).
  let machine: UInt16
  /// The number of registers that are recovered, in the order of DWARF.
  let registers: Int
  let stackPointer: Int
  let programCounter: Int
  /// The bits of a code address. Signed return addresses (pointer authentication) have others above these.
  let addressBits: UInt64

  static let x86 = Architecture(
    machine: 62, registers: 17, stackPointer: 7, programCounter: 16, addressBits: .max)
  static let arm64 = Architecture(
    machine: 183, registers: 33, stackPointer: 31, programCounter: 32, addressBits: 0xffff_ffff_ffff)

  /// The architecture of this program; `nil` where stacks cannot be unwound.
  static var current: Architecture? {
    #if arch(x86_64)
      x86
    #elseif arch(arm64)
      arm64
    #else
      nil
    #endif
  }
}

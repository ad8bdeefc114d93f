// SPDX-License-Identifier: MIT
@testable import DMABuf
@testable import DMABufTrace

/// Files that other processes map, and stacks that they have, with any contents.
enum ModuleUnderTest {
  private final class Contents: FileBytes {
    private let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func bytes(at offset: UInt64, count: Int) -> [UInt8] {
      precondition(count >= 0)
      return offset < bytes.count ? Array(bytes[Int(offset)...].prefix(count)) : []
    }
  }

  /// The whole input is the file.
  static func look(at bytes: [UInt8]) throws {
    let file = try ELFFile(Contents(bytes), for: .x86)
    precondition(file.buildID.count <= 64)
    let addresses = (0..<64).map { UInt64($0) * 61 }
    for (address, symbol) in file.symbols(at: addresses) {
      precondition(symbol.address <= address && !symbol.name.bytes.isEmpty)
    }
    guard let information = FrameInformation(file) else { return }
    for address in addresses { try step(information, from: address, .x86) }
  }

  /// The input is the instructions of one function, in an otherwise valid file.
  static func unwind(_ bytes: [UInt8]) throws {
    for architecture in [Architecture.x86, .arm64] {
      let file = try ELFFile(Contents(Self.file(bytes, architecture)), for: architecture)
      guard let information = FrameInformation(file) else { preconditionFailure("the file is valid") }
      for address: UInt64 in [0x10000, 0x10008, 0x10fff] { try step(information, from: address, architecture) }
    }
  }

  private static func step(_ information: FrameInformation, from address: UInt64, _ architecture: Architecture) throws
  {
    guard let row = try? information.row(for: address) else { return }
    precondition(row.rules.count == architecture.registers)
    let registers = (0..<architecture.registers).map { UInt64($0 * 8 + 4096) }
    let stack = UserStack(registers: registers, bytes: (0..<1024).map { UInt8(truncatingIfNeeded: $0) })
    var unwinder = Unwinder(stack, architecture)
    let before = unwinder.stackPointer
    if (try? unwinder.step(row)) == true, !row.isOfSignal { precondition(unwinder.stackPointer >= before) }
  }

  /// An ELF file with one segment, one CIE and one FDE with `instructions`, and a table for them.
  private static func file(_ instructions: [UInt8], _ architecture: Architecture) -> [UInt8] {
    func number(_ value: some FixedWidthInteger) -> [UInt8] {
      (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let instructions = instructions.prefix(4096)
    let sp: UInt8 = architecture == .x86 ? 7 : 31
    let returnAddress: UInt8 = architecture == .x86 ? 16 : 30
    // "zR", code alignment 1, data alignment -8, addresses of 4 bytes relative to their place.
    let common = number(UInt32(0)) + [1, 0x7a, 0x52, 0, 1, 0x78, returnAddress, 1, 0x1b, 0x0c, sp, 8]
    let header = 64 + 2 * 56
    let frames = header + 20
    let entry = frames + 4 + common.count
    let function: [UInt8] =
      number(UInt32(entry + 4 - frames)) + number(Int32(0x10000 - entry - 8)) + number(UInt32(0x1000)) + [0]
      + instructions
    let size = UInt64(entry + 4 + function.count)
    func segment(_ type: UInt32, at offset: Int, size: UInt64) -> [UInt8] {
      let place = number(UInt64(offset))
      return number(type) + number(UInt32(5)) + place + place + number(UInt64(0)) + number(size) + number(size)
        + number(UInt64(8))
    }
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 9)
    file += number(UInt16(3)) + number(architecture.machine) + number(UInt32(1)) + number(UInt64(0))
    file += number(UInt64(64)) + number(UInt64(0)) + number(UInt32(0)) + number(UInt16(64))
    file += number(UInt16(56)) + number(UInt16(2)) + number(UInt16(64)) + number(UInt16(0)) + number(UInt16(0))
    file += segment(1, at: 0, size: size) + segment(0x6474_e550, at: header, size: 20)
    file += [1, 0x1b, 0x03, 0x3b] + number(Int32(frames - header - 4)) + number(UInt32(1))
    file += number(Int32(0x10000 - header)) + number(Int32(entry - header))
    return file + number(UInt32(common.count)) + common + number(UInt32(function.count)) + function
  }
}

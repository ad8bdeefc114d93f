// SPDX-License-Identifier: MIT

/// How the registers of a caller follow from those of a function, at one place of the function.
struct FrameRow {
  /// How to compute the address of the frame (CFA): the value of the stack pointer before the call.
  enum Base {
    case register(Int, offset: Int64)
    case expression(ArraySlice<UInt8>)
  }

  /// Where the caller's value of a register is.
  enum Rule {
    case sameValue
    case undefined
    /// In memory, at this offset in bytes from the frame's address.
    case saved(Int64)
    /// The address at this offset in bytes from the frame's address.
    case value(Int64)
    case register(Int)
    /// In memory, at the result of the expression.
    case savedAt(ArraySlice<UInt8>)
    case result(ArraySlice<UInt8>)
  }

  var base: Base?
  var rules: [Rule]
  /// Whether the return address is signed (pointer authentication of arm64).
  var isSigned = false
  /// The number of the register that has the return address.
  let returnAddress: Int
  /// Whether the frame is that of a signal: its caller did not call it.
  let isOfSignal: Bool
}

/// Executes the instructions of call frame information.
///
/// Corresponds to section 6.4 of DWARF 5, and to `.eh_frame` in the Linux Standard Base.
struct FrameInstructions {
  private static let mostSavedRows = 16
  private static let longestExpression = 512

  let codeAlignment: UInt64
  let dataAlignment: Int64
  /// Whether the architecture signs return addresses.
  let mayBeSigned: Bool
  private(set) var row: FrameRow
  /// The row after the instructions that are common to functions, for DW_CFA_restore.
  private var initial: [FrameRow.Rule]?
  private var saved: [FrameRow] = []

  init(codeAlignment: UInt64, dataAlignment: Int64, mayBeSigned: Bool, row: FrameRow) {
    self.codeAlignment = codeAlignment
    self.dataAlignment = dataAlignment
    self.mayBeSigned = mayBeSigned
    self.row = row
  }

  /// Ends the instructions that are common to functions.
  mutating func endCommonPart() { initial = row.rules }

  /// Executes instructions until the row for `address`. The first instruction is at `start`.
  mutating func execute(_ code: ArraySlice<UInt8>, from start: UInt64, to address: UInt64) throws(Malformed) {
    var reader = ByteReader(code)
    var place = start
    while !reader.isAtEnd {
      guard let distance = try execute(&reader) else { continue }
      let (next, isTooFar) = place.addingReportingOverflow(distance &* codeAlignment)
      if isTooFar || next > address { return }
      place = next
    }
  }

  /// Executes one instruction. Returns the distance of one that goes on to the next row.
  private mutating func execute(_ reader: inout ByteReader) throws(Malformed) -> UInt64? {
    let code = try reader.integer(UInt8.self)
    let operand = UInt64(code & 0x3f)
    switch code {
    case 0x40...0x7f: return operand  // advance_loc
    case 0x80...0xbf: set(operand, .saved(try factored(reader.unsigned())))  // offset
    case 0xc0...0xff: try restore(operand)
    case 0x00: break  // nop
    case 0x02: return UInt64(try reader.integer(UInt8.self))  // advance_loc1
    case 0x03: return UInt64(try reader.integer(UInt16.self))
    case 0x04: return UInt64(try reader.integer(UInt32.self))
    case 0x05: set(try reader.unsigned(), .saved(try factored(reader.unsigned())))  // offset_extended
    case 0x06: try restore(reader.unsigned())
    case 0x07: set(try reader.unsigned(), .undefined)
    case 0x08: set(try reader.unsigned(), .sameValue)
    case 0x09: set(try reader.unsigned(), .register(try register(&reader)))
    case 0x0a: try save()
    case 0x0b: try recall()
    case 0x0c: row.base = .register(try register(&reader), offset: try offset(&reader))  // def_cfa
    case 0x0d: row.base = .register(try register(&reader), offset: try baseOffset())
    case 0x0e: row.base = .register(try baseRegister(), offset: try offset(&reader))
    case 0x0f: row.base = .expression(try block(&reader))  // def_cfa_expression
    case 0x10: set(try reader.unsigned(), .savedAt(try block(&reader)))  // expression
    case 0x11: set(try reader.unsigned(), .saved(try factored(reader.signed())))  // offset_extended_sf
    case 0x12: row.base = .register(try register(&reader), offset: try factored(reader.signed()))  // def_cfa_sf
    case 0x13: row.base = .register(try baseRegister(), offset: try factored(reader.signed()))
    case 0x14: set(try reader.unsigned(), .value(try factored(reader.unsigned())))  // val_offset
    case 0x15: set(try reader.unsigned(), .value(try factored(reader.signed())))
    case 0x16: set(try reader.unsigned(), .result(try block(&reader)))  // val_expression
    case 0x2d where mayBeSigned: row.isSigned.toggle()  // AARCH64_negate_ra_state
    case 0x2e: _ = try reader.unsigned()  // GNU_args_size
    case 0x2f: set(try reader.unsigned(), .saved(0 &- (try factored(reader.unsigned()))))
    default: throw Malformed()
    }
    return nil
  }

  /// Sets the rule of a register. Vector registers and the like are not recovered.
  private mutating func set(_ register: UInt64, _ rule: FrameRow.Rule) {
    if register < UInt64(row.rules.count) { row.rules[Int(register)] = rule }
  }

  private mutating func restore(_ register: UInt64) throws(Malformed) {
    guard let initial else { throw Malformed() }
    if register < UInt64(initial.count) { row.rules[Int(register)] = initial[Int(register)] }
  }

  private mutating func save() throws(Malformed) {
    guard saved.count < Self.mostSavedRows else { throw Malformed() }
    saved.append(row)
  }

  private mutating func recall() throws(Malformed) {
    guard let last = saved.popLast() else { throw Malformed() }
    row = last
  }

  private func register(_ reader: inout ByteReader) throws(Malformed) -> Int {
    let register = try reader.unsigned()
    guard register < UInt64(row.rules.count) else { throw Malformed() }
    return Int(register)
  }

  private func offset(_ reader: inout ByteReader) throws(Malformed) -> Int64 {
    Int64(truncatingIfNeeded: try reader.unsigned())
  }

  private func factored(_ number: some FixedWidthInteger) -> Int64 {
    Int64(truncatingIfNeeded: number) &* dataAlignment
  }

  private func block(_ reader: inout ByteReader) throws(Malformed) -> ArraySlice<UInt8> {
    let code = try reader.slice(try reader.unsigned())
    guard code.count <= Self.longestExpression else { throw Malformed() }
    // A copy: rows are kept, and the rest of the bytes is not.
    return ArraySlice(Array(code))
  }

  private func baseRegister() throws(Malformed) -> Int {
    guard case .register(let register, _) = row.base else { throw Malformed() }
    return register
  }

  private func baseOffset() throws(Malformed) -> Int64 {
    guard case .register(_, let offset) = row.base else { throw Malformed() }
    return offset
  }
}

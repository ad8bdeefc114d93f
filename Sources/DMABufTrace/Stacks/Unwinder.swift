// SPDX-License-Identifier: MIT

/// The recorded part of a stack.
struct StackMemory {
  let start: UInt64
  let bytes: [UInt8]

  /// A little-endian number in the stack. Throws if it is outside the recorded part.
  func word(at address: UInt64, size: Int = 8) throws(Unwinder.Obstacle) -> UInt64 {
    guard address >= start, address - start <= UInt64(bytes.count) else { throw .notRecorded }
    let offset = Int(address - start)
    guard bytes.count - offset >= size else { throw .notRecorded }
    return (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
  }
}

/// Finds the callers of a function, one after the other, by call frame information.
struct Unwinder {
  /// The reason why a caller cannot be found.
  enum Obstacle: Error, Equatable {
    /// The place of a register is not in the recorded part of the stack.
    case notRecorded
    /// The call frame information is malformed, or of a kind that this program does not support.
    case malformed
  }

  private let architecture: Architecture
  private let memory: StackMemory
  private(set) var registers: [UInt64?]
  /// Whether ``programCounter`` is a return address: the instruction after a call, which can be in the next function.
  private(set) var isReturnAddress = false

  init(_ stack: UserStack, _ architecture: Architecture) {
    self.architecture = architecture
    registers = Array(repeating: nil, count: architecture.registers)
    for (number, value) in zip(registers.indices, stack.registers) { registers[number] = value }
    memory = StackMemory(start: registers[architecture.stackPointer] ?? 0, bytes: stack.bytes)
  }

  var stackPointer: UInt64 { registers[architecture.stackPointer] ?? 0 }

  var programCounter: UInt64 { registers[architecture.programCounter] ?? 0 }

  /// An address inside the function of this frame.
  var lookupAddress: UInt64 { isReturnAddress ? programCounter &- 1 : programCounter }

  /// Goes on to the caller. Returns false if this frame has none: the first function of a thread.
  mutating func step(_ row: FrameRow) throws(Obstacle) -> Bool {
    let frame = try address(of: row)
    var caller = registers
    caller[architecture.stackPointer] = frame
    for (number, rule) in zip(caller.indices, row.rules) {
      switch rule {
      case .sameValue: break
      case .undefined: caller[number] = nil
      case .saved(let offset): caller[number] = try memory.word(at: frame &+ UInt64(bitPattern: offset))
      case .value(let offset): caller[number] = frame &+ UInt64(bitPattern: offset)
      case .register(let other): caller[number] = registers[other]
      case .savedAt(let expression): caller[number] = try memory.word(at: evaluate(expression, frame))
      case .result(let expression): caller[number] = try evaluate(expression, frame)
      }
    }
    guard var next = caller[row.returnAddress] else { return false }
    if row.isSigned { next &= architecture.addressBits }
    if next == 0 { return false }
    let isFirst = !isReturnAddress
    // Only a function that has used no stack has the stack pointer of its caller.
    let new = caller[architecture.stackPointer] ?? 0
    guard row.isOfSignal || new > stackPointer || isFirst && new == stackPointer else { throw .malformed }
    caller[architecture.programCounter] = next
    registers = caller
    isReturnAddress = !row.isOfSignal
    return true
  }

  private func address(of row: FrameRow) throws(Obstacle) -> UInt64 {
    switch row.base {
    case .register(let number, let offset)?:
      guard let value = registers[number] else { throw .malformed }
      return value &+ UInt64(bitPattern: offset)
    case .expression(let expression)?: return try evaluate(expression, nil)
    case nil: throw .malformed
    }
  }

  private func evaluate(_ expression: ArraySlice<UInt8>, _ frame: UInt64?) throws(Obstacle) -> UInt64 {
    try FrameExpression.evaluate(expression, initial: frame, registers: registers, memory: memory)
  }
}

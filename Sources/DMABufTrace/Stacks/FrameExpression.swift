// SPDX-License-Identifier: MIT

/// Expressions of DWARF in call frame information. Compilers emit them for procedure linkage tables, and C libraries
/// for the frames of signal handlers.
enum FrameExpression {
  /// The most operations of one evaluation, including those of loops.
  private static let mostOperations = 1000
  private static let deepest = 64

  /// Evaluates an expression. `initial` is on the stack at its begin.
  static func evaluate(
    _ code: ArraySlice<UInt8>, initial: UInt64?, registers: [UInt64?], memory: StackMemory
  ) throws(Unwinder.Obstacle) -> UInt64 {
    do {
      var machine = Machine(registers: registers, memory: memory)
      if let initial { machine.values.append(initial) }
      var reader = ByteReader(code)
      var operations = 0
      while !reader.isAtEnd {
        operations += 1
        guard operations <= mostOperations, machine.values.count <= deepest else { throw Malformed() }
        let jump = try machine.execute(&reader)
        guard let jump else { continue }
        let target = reader.consumed + jump
        guard (0...code.count).contains(target) else { throw Malformed() }
        reader = ByteReader(code)
        _ = try reader.slice(UInt64(target))
      }
      return try machine.pop()
    } catch let obstacle as Unwinder.Obstacle {
      throw obstacle
    } catch {
      throw .malformed
    }
  }

  private struct Machine {
    var values: [UInt64] = []
    let registers: [UInt64?]
    let memory: StackMemory

    mutating func pop() throws(Malformed) -> UInt64 {
      guard let value = values.popLast() else { throw Malformed() }
      return value
    }

    private func register(_ number: UInt64) throws(Malformed) -> UInt64 {
      guard number < UInt64(registers.count), let value = registers[Int(number)] else { throw Malformed() }
      return value
    }

    private func pick(_ depth: Int) throws(Malformed) -> UInt64 {
      guard depth < values.count else { throw Malformed() }
      return values[values.count - 1 - depth]
    }

    /// Executes an operation. Returns the distance of a jump.
    mutating func execute(_ reader: inout ByteReader) throws -> Int? {
      let operation = try reader.integer(UInt8.self)
      switch operation {
      case 0x03, 0x0e: values.append(try reader.integer(UInt64.self))  // addr, const8u
      case 0x0f: values.append(try reader.integer(UInt64.self))  // const8s
      case 0x06: values.append(try memory.word(at: pop()))  // deref
      case 0x94: try derefSize(reader.integer(UInt8.self))
      case 0x08: values.append(UInt64(try reader.integer(UInt8.self)))  // const1u
      case 0x09: append(try reader.integer(Int8.self))
      case 0x0a: values.append(UInt64(try reader.integer(UInt16.self)))
      case 0x0b: append(try reader.integer(Int16.self))
      case 0x0c: values.append(UInt64(try reader.integer(UInt32.self)))
      case 0x0d: append(try reader.integer(Int32.self))
      case 0x10: values.append(try reader.unsigned())  // constu
      case 0x11: append(try reader.signed())
      case 0x12: values.append(try pick(0))  // dup
      case 0x13: _ = try pop()  // drop
      case 0x14: values.append(try pick(1))  // over
      case 0x15: values.append(try pick(Int(reader.integer(UInt8.self))))
      case 0x16, 0x17: try rotate(operation == 0x16 ? 2 : 3)  // swap, rot
      case 0x19, 0x1f, 0x20: try changeTop(operation)
      case 0x23: values.append(try pop() &+ reader.unsigned())  // plus_uconst
      case 0x1a...0x2e: if operation == 0x28 { return try branch(&reader) } else { try combine(operation) }
      case 0x2f: return Int(try reader.integer(Int16.self))  // skip
      case 0x30...0x4f: values.append(UInt64(operation - 0x30))  // lit
      case 0x70...0x8f: values.append(try register(UInt64(operation - 0x70)) &+ offset(&reader))  // breg
      case 0x92: values.append(try register(reader.unsigned()) &+ offset(&reader))  // bregx
      case 0x96: break  // nop
      default: throw Malformed()
      }
      return nil
    }

    private mutating func append(_ number: some SignedInteger) { values.append(UInt64(truncatingIfNeeded: number)) }

    private func offset(_ reader: inout ByteReader) throws(Malformed) -> UInt64 {
      UInt64(bitPattern: try reader.signed())
    }

    private mutating func derefSize(_ size: UInt8) throws {
      guard (1...8).contains(size) else { throw Malformed() }
      let mask = size == 8 ? UInt64.max : (1 << (UInt64(size) * 8)) - 1
      values.append(try memory.word(at: pop(), size: Int(size)) & mask)
    }

    /// Moves the top value below the next ones.
    private mutating func rotate(_ count: Int) throws(Malformed) {
      guard values.count >= count else { throw Malformed() }
      values.insert(values.removeLast(), at: values.count - count + 1)
    }

    private mutating func branch(_ reader: inout ByteReader) throws(Malformed) -> Int? {
      let distance = Int(try reader.integer(Int16.self))
      return try pop() != 0 ? distance : nil
    }

    private mutating func changeTop(_ operation: UInt8) throws(Malformed) {
      let value = try pop()
      switch operation {
      case 0x19: values.append(Int64(bitPattern: value).magnitude)  // abs
      case 0x1f: values.append(0 &- value)  // neg
      default: values.append(~value)  // not
      }
    }

    private mutating func combine(_ operation: UInt8) throws(Malformed) {
      let second = try pop()
      let first = try pop()
      let (left, right) = (Int64(bitPattern: first), Int64(bitPattern: second))
      switch operation {
      case 0x1a: values.append(first & second)
      case 0x1b:
        guard right != 0 else { throw Malformed() }
        values.append(UInt64(bitPattern: left.dividedReportingOverflow(by: right).partialValue))
      case 0x1c: values.append(first &- second)
      case 0x1d:
        guard second != 0 else { throw Malformed() }
        values.append(first % second)
      case 0x1e: values.append(first &* second)
      case 0x21: values.append(first | second)
      case 0x22: values.append(first &+ second)
      case 0x24: values.append(first << second)
      case 0x25: values.append(first >> second)
      case 0x26: values.append(UInt64(bitPattern: left >> second))
      case 0x27: values.append(first ^ second)
      case 0x29: values.append(left == right ? 1 : 0)
      case 0x2a: values.append(left >= right ? 1 : 0)
      case 0x2b: values.append(left > right ? 1 : 0)
      case 0x2c: values.append(left <= right ? 1 : 0)
      case 0x2d: values.append(left < right ? 1 : 0)
      case 0x2e: values.append(left != right ? 1 : 0)
      default: throw Malformed()
      }
    }
  }
}

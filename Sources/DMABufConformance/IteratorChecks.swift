// SPDX-License-Identifier: MIT
import DMABufCensus
import Glibc

/// BPF programs that iterate over buffers and descriptors.
extension ConformanceCheck {
  static let iterators: [ConformanceCheck] = [
    .init(
      "C123", "the iterator over buffers lists what bufinfo lists", on: .machine, needs: [.bpf, .bufinfo],
      expect: "the same buffers and sizes"
    ) { context in
      _ = try context.buffer()
      let iterators = try loaded(wantsProcesses: false)
      var iterated: [UInt64: UInt64] = [:]
      // Other processes may allocate and free buffers meanwhile. The two lists have to agree in one of five attempts.
      for attempt in 0..<5 {
        if attempt > 0 { usleep(20_000) }
        iterated = [:]
        try iterators.forEachBuffer { iterated[$0.inode] = $0.buffer.size ?? 0 }
        let listed = try DebugTable.ofMachine().buffers.map { ($0.inode, $0.size ?? 0) }
        if iterated == Dictionary(listed, uniquingKeysWith: { first, _ in first }) {
          return "the same buffers and sizes"
        }
      }
      return "\(iterated.count) buffers, others than bufinfo's"
    },
    .init(
      "C124", "the iterator over descriptors has one row for each", on: .machine, needs: [.bpf], expect: "2 of 2"
    ) { context in
      let buffer = try context.buffer()
      let second = try CallResult(dup(buffer)).orEnd("dup")
      let iterators = try loaded(wantsProcesses: true)
      var found: [Int32] = []
      try iterators.forEachDescriptor { record in
        if record.pid == getpid(), record.inode == Raw.inode(buffer) { found.append(record.descriptor) }
      }
      return "\(Set(found).intersection([buffer, second]).count) of \(found.count)"
    },
  ]

  /// Loads the programs. A container, or a kernel before 6.16 without such iterators, does not violate the contract.
  private static func loaded(wantsProcesses: Bool) throws -> KernelIterators {
    do {
      return try KernelIterators(wantsProcesses: wantsProcesses)
    } catch {
      throw CheckSkipped("\(error)")
    }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

/// `/proc`: the descriptors and mappings of processes, as far as this user may read them.
struct ProcessTree: CensusSource {
  let root: String
  /// The only processes to read; `nil` for all.
  let processes: [Int32]?
  let threads: Int
  let memory: DescriptorMemory?

  let source = Census.Source.procfs

  func add(to join: inout CensusJoin) throws(CensusError) {
    let pids = try pids()
    // An empty directory means that /proc is not mounted: it would contain at least this process.
    if pids.isEmpty { throw .noProcesses(root + "/proc/self") }
    join.add(walk(pids))
    try CensusError.checkInterruption()
    if let processes, let missing = processes.first(where: { !join.exists($0) }) {
      throw .noSuchProcess("\(root)/proc/\(missing)")
    }
  }

  private func pids() throws(CensusError) -> [Int32] {
    if let processes { return processes }
    return try CensusError.refusing { () throws(KernelError) in
      try Directory(root + "/proc").names().compactMap { Int32($0) }
    }
  }

  private func walk(_ pids: [Int32]) -> [ProcessFiles] {
    memory?.beginCensus()
    let indices = IndexDispenser(limit: pids.count)
    let walks = ParallelWalks(
      (0..<max(1, min(threads, pids.count))).map { _ in ProcessFiles(proc: root + "/proc", memory: memory) })
    inParallel(walks.each.count) { index in
      while let turn = indices.take() { walks.each[index].visit(pids[turn]) }
    }
    return walks.each
  }

  /// Each element is used by one thread alone, and read when all threads have ended.
  private struct ParallelWalks: @unchecked Sendable {
    let each: [ProcessFiles]
    init(_ each: [ProcessFiles]) { self.each = each }
  }
}

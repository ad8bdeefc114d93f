// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf

/// The process of each thread, and the name of each process. Records have only the number of the thread.
///
/// At first, `/proc` lists the threads. Then the events of new threads, new names and ends keep the table current.
struct ThreadTable {
  private struct Thread {
    var process: Int32
    /// The time of the event that reported the thread; 0 for a thread of `/proc`.
    var begun: UInt64
  }

  private var threads: [Int32: Thread] = [:]
  private var names: [Int32: [UInt8]] = [:]
  /// Threads that have ended. Their last events may still come.
  private var ended: [(thread: Int32, time: UInt64)] = []
  private let root: String

  /// How long an ended thread is remembered, in nanoseconds.
  private static let memory: UInt64 = 5_000_000_000

  /// Lists the threads of all processes of `/proc` below `root`.
  init(root: String = "") {
    self.root = root
    for process in Self.numbers(root + "/proc") {
      guard let name = Self.name(of: process, root: root) else { continue }
      names[process] = name
      for thread in Self.numbers("\(root)/proc/\(process)/task") {
        threads[thread] = Thread(process: process, begun: 0)
      }
    }
  }

  /// The process of a thread and its name. A thread that no event and no list has named is its own process.
  mutating func process(of thread: Int32, on processor: Int) -> (pid: Int32, name: [UInt8]) {
    if thread == 0 { return (0, Array("swapper/\(processor)".utf8)) }
    if threads[thread] == nil { look(for: thread) }
    let pid = threads[thread]?.process ?? thread
    return (pid, names[pid] ?? [])
  }

  /// A thread has created another one. Returns whether this is a new process.
  mutating func add(_ thread: Int32, by creator: Int32, name: some Sequence<UInt8>, flags: UInt64, time: UInt64)
    -> Bool
  {
    let isThread = flags & CDMABUF_CLONE_THREAD != 0
    let process = isThread ? self.process(of: creator, on: 0).pid : thread
    threads[thread] = Thread(process: process, begun: time)
    if !isThread { names[thread] = Array(name) }
    return !isThread
  }

  /// The name of a process is that of its first thread.
  mutating func rename(_ thread: Int32, _ name: some Sequence<UInt8>) {
    if threads[thread]?.process ?? thread == thread { names[thread] = Array(name) }
  }

  mutating func end(_ thread: Int32, time: UInt64) {
    ended.append((thread, time))
    guard let first = ended.first, first.time &+ Self.memory < time else { return }
    let old = ended.prefix { $0.time &+ Self.memory < time }
    for (thread, time) in old where threads[thread]?.begun ?? time < time {
      threads[thread] = nil
      names[thread] = nil
    }
    ended.removeFirst(old.count)
  }

  private mutating func look(for thread: Int32) {
    let lines = SmallFile.text("\(root)/proc/\(thread)/status") ?? ""
    guard let line = lines.split(scalar: "\n").first(where: { $0.hasPrefix("Tgid:") }),
      let process = line.split(scalar: "\t").last.flatMap({ Int32($0) })
    else { return }
    threads[thread] = Thread(process: process, begun: 0)
    if names[process] == nil { names[process] = Self.name(of: process, root: root) }
  }

  private static func name(of process: Int32, root: String) -> [UInt8]? {
    guard let bytes = try? SmallFile.read("\(root)/proc/\(process)/comm") else { return nil }
    return Array(bytes.prefix { $0 != UInt8(ascii: "\n") }.prefix(15))
  }

  private static func numbers(_ directory: String) -> [Int32] {
    ((try? Directory(directory).names()) ?? []).compactMap { Int32($0) }
  }
}

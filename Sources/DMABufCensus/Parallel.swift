// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import Synchronization
import SystemPackage

/// Runs `body` on `threads` threads, including this one, and returns when all are done. Plain threads are used, because
/// the work sleeps in system calls, and a pool would cost more than the work.
func inParallel(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
  var started: [pthread_t] = []
  var left: [Int] = []
  for index in 1..<max(1, threads) {
    if let thread = try? startThread({ body(index) }) { started.append(thread) } else { left.append(index) }
  }
  body(0)
  left.forEach(body)
  for thread in started { pthread_join(thread, nil) }
}

/// Returns each number from 0 up to a limit once, to any thread, until the process is asked to end.
final class IndexDispenser: Sendable {
  private let next = Atomic<Int>(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func take() -> Int? {
    if Interruption.signal != nil { return nil }
    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return number < limit ? number : nil
  }
}

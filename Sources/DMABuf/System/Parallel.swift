import Glibc
import Synchronization

/// Runs `body` on `threads` threads, this one included, and returns when all are done. A plain
/// thread each: the work sleeps in system calls, and a pool would cost more than it.
func inParallel(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
  final class Work: Sendable {
    let index: Int
    let body: @Sendable (Int) -> Void
    init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }
  }
  var started: [pthread_t] = []
  var left: [Int] = []
  for index in 1..<max(1, threads) {
    let work = unsafe Unmanaged.passRetained(Work(index, body))
    var thread = pthread_t()
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        work.body(work.index)
        return nil
      }, unsafe work.toOpaque())
    if result == 0 {
      started.append(thread)
    } else {
      unsafe work.release()
      left.append(index)
    }
  }
  body(0)
  left.forEach(body)
  for thread in started { pthread_join(thread, nil) }
}

/// Hands out the numbers from 0 up to a limit, each once, to whoever asks.
final class Turnstile: Sendable {
  private let next = Atomic<Int>(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func take() -> Int? {
    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return number < limit ? number : nil
  }
}

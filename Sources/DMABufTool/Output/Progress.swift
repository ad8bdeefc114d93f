import DMABuf

/// How far long work is, on a terminal, from the second second on.
final class Progress {
  private let title: String
  private let total: Int
  private let isShown = StandardStream.error.isTerminal
  private let start = Clock.now
  private var last: UInt64 = 0

  init(_ title: String, total: Int) {
    self.title = title
    self.total = total
  }

  func update(_ done: Int) {
    guard isShown else { return }
    let elapsed = Clock.now - start
    guard elapsed > 1_000_000_000, elapsed - last > 100_000_000 else { return }
    last = elapsed
    let percent = total > 0 ? "\(done * 100 / total) % of \(Units.size(UInt64(total)))" : Units.size(UInt64(done))
    try? StandardStream.error.write("\r\u{1b}[K\(title): \(percent)")
  }

  /// Takes the line away again.
  func finish() {
    if last > 0 { try? StandardStream.error.write("\r\u{1b}[K") }
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// What long work is at: one line on a terminal, gone when the work is done.
final class Progress {
  private let isShown = StandardStream.error.isTerminal
  private let start = Clock.now
  private let delay: UInt64
  private var last: UInt64?

  /// The line appears after so many nanoseconds: at once for what is known to take long.
  init(after delay: UInt64 = 1_000_000_000) { self.delay = delay }

  func show(_ state: @autoclosure () -> String) {
    guard isShown else { return }
    let elapsed = Clock.now - start
    guard elapsed >= delay, last.map({ elapsed - $0 > 100_000_000 }) ?? true else { return }
    last = elapsed
    let style = Style(isColored: false, width: StandardStream.error.columns)
    try? StandardStream.error.write("\r\u{1b}[K" + style.fit(UntrustedText(state().utf8).escaped))
  }

  /// Takes the line away again.
  func finish() {
    if last != nil { try? StandardStream.error.write("\r\u{1b}[K") }
    last = nil
  }
}

// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// The progress of long work: one line on a terminal, which is erased when the work is done.
final class Progress {
  private let isShown = StandardStream.error.isTerminal
  private let start = Clock.now
  private let delay: UInt64
  private var last: UInt64?

  /// Creates a progress line that appears after `delay` nanoseconds. Work that always takes long uses 0.
  init(after delay: UInt64 = 1_000_000_000) { self.delay = delay }

  func show(_ state: @autoclosure () -> String) {
    guard isShown else { return }
    let elapsed = Clock.now - start
    guard elapsed >= delay, last.map({ elapsed - $0 > 100_000_000 }) ?? true else { return }
    last = elapsed
    let style = Style(isColored: false, width: StandardStream.error.size?.columns)
    try? StandardStream.error.write("\r\u{1b}[K" + style.fit(UntrustedText(state().utf8).escaped))
  }

  func finish() {
    if last != nil { try? StandardStream.error.write("\r\u{1b}[K") }
    last = nil
  }
}

// SPDX-License-Identifier: MIT
import DMABuf

extension Census.Fence {
  /// Parses `USAGE fence:TEXT` of bufinfo.
  ///
  /// TEXT is `DRIVER TIMELINE seq SEQNO [un]signalled` up to about Linux 6.16. Later it is `CONTEXT:SEQNO TIMELINE
  /// DRIVER [un]signalled`, where both names are empty once the fence has signalled. The name of a timeline can contain
  /// spaces.
  ///
  /// Corresponds to `dma_fence_describe` in `drivers/dma-buf/dma-fence.c`.
  init?(parsing line: some Collection<UInt8>) {
    let line = Array(line)
    let mark = Array(" fence:".utf8)
    guard let start = line.firstIndex(of: UInt8(ascii: " ")), start > 0, line[start...].starts(with: mark) else {
      return nil
    }
    var words = line[(start + mark.count)...].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    if words.first?.isEmpty == true { words.removeFirst() }
    guard words.count >= 2, let state = words.popLast() else { return nil }
    switch String(decoding: state, as: UTF8.self) {
    case "signalled": isSignalled = true
    case "unsignalled": isSignalled = false
    default: return nil
    }
    switch String(decoding: line[..<start], as: UTF8.self) {
    case "Exclusive": usage = UntrustedText("exclusive".utf8)
    case "Shared": usage = UntrustedText("shared".utf8)
    default: usage = UntrustedText(line[..<start])
    }

    let numbers = words[0].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    if numbers.count == 2, let context = Digits.number(numbers[0]), let sequence = Digits.number(numbers[1]) {
      self.context = context
      self.sequence = sequence
      let names = words.dropFirst()
      driver = Self.text(names.suffix(1))
      timeline = Self.text(names.dropLast())
    } else if words.count >= 4, words[words.count - 2].elementsEqual("seq".utf8),
      let sequence = Digits.number(words[words.count - 1])
    {
      context = nil
      self.sequence = sequence
      driver = Self.text(words.prefix(1))
      timeline = Self.text(words.dropFirst().dropLast(2))
    } else {
      // Before Linux 5.18 the text had no numbers.
      context = nil
      sequence = nil
      driver = Self.text(words.prefix(1))
      timeline = Self.text(words.dropFirst())
    }
  }

  private static func text(_ words: ArraySlice<ArraySlice<UInt8>>) -> UntrustedText? {
    let text = words.joined(separator: [UInt8(ascii: " ")])
    return text.allSatisfy { $0 == UInt8(ascii: " ") } ? nil : UntrustedText(text)
  }
}

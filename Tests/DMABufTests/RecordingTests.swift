// SPDX-License-Identifier: MIT
import Testing

/// The recordings, on which other tests rely.
@Suite("Recordings")
struct RecordingTests {
  @Test("There are recordings of several kernels")
  func kernels() {
    #expect(Set(Recording.all.map(\.kernel)).count >= 3)
  }

  @Test("bufinfo has as many rows as its total", arguments: Recording.all)
  func rows(_ recording: Recording) throws {
    let text = String(decoding: recording.data("sys/kernel/debug/dma_buf/bufinfo"), as: UTF8.self)
    let total = try #require(text.split(separator: "\n").last { $0.hasPrefix("Total ") && $0.hasSuffix(" bytes") })
    let words = total.split(separator: " ")
    #expect(recording.rows.count == Int(words[1]))
    #expect(recording.rows.reduce(0) { $0 + $1.size } == UInt64(words[3]))
  }
}

// SPDX-License-Identifier: MIT
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufBench
@testable import DMABufExercise
@testable import DMABufHost

@Suite("Statistics of times")
struct StatisticsTests {
  @Test("A percentile is the smallest time that the percentage does not exceed, for any order of times")
  func percentiles() {
    let statistics = Statistics((1...100).map { UInt64($0) }.shuffled())
    #expect(statistics.count == 100 && statistics.minimum == 1 && statistics.maximum == 100)
    #expect([statistics.firstQuartile, statistics.median, statistics.thirdQuartile] == [25, 50, 75])
    #expect([statistics.percentile95, statistics.percentile99] == [95, 99])
    #expect(statistics.mean == 50)
  }

  @Test("Percentiles of few times are measured times", arguments: 1...7)
  func few(_ count: Int) {
    let times = (0..<count).map { UInt64($0 * 1000 + 7) }
    let statistics = Statistics(times)
    for percentile in [statistics.firstQuartile, statistics.median, statistics.percentile99] {
      #expect(times.contains(percentile))
    }
    #expect(statistics.median == times[(count - 1) / 2] && statistics.percentile99 == times[count - 1])
  }

  @Test("A time far above the quartiles is an outlier")
  func outliers() {
    // For quartiles 90 and 110, the limit is 170, but never below twice the median.
    let times = [UInt64](repeating: 90, count: 50) + [UInt64](repeating: 110, count: 40)
    #expect(Statistics(times + [180]).outlierLimit == 180)
    #expect(Statistics(times + [180]).outliers == 0)
    #expect(Statistics(times + [181, 1_000_000]).outliers == 2)
    // For quartiles 100 and 200, the limit is 500.
    let wide = [UInt64](repeating: 100, count: 40) + [UInt64](repeating: 200, count: 40)
    #expect(Statistics(wide + [500, 501]).outliers == 1)
  }

  @Test("Similar times have no outliers")
  func constant() {
    #expect(Statistics([UInt64](repeating: 1000, count: 100) + [1010, 1500]).outliers == 0)
  }

  @Test("The longest possible times do not overflow")
  func overflow() {
    let statistics = Statistics([0, .max, .max, .max])
    #expect(statistics.outliers == 0 && statistics.outlierLimit == .max && statistics.median == .max)
  }
}

@Suite("Repetitions")
struct RepetitionTests {
  @Test("Warm-up iterations come first and do not count")
  func warmUp() throws {
    var turns: UInt64 = 0
    let times = try Repetition(.count(10), warmUp: 3).run {
      turns += 1
      return (turns, 100 + turns)
    }
    #expect(turns == 13 && times.first.count == 10 && times.first.minimum == 4 && times.first.maximum == 13)
    #expect(times.second.minimum == 104)
  }

  @Test("A duration ends the repetition, but not before ten iterations")
  func duration() throws {
    // The first iteration uses the whole duration.
    var turns = 0
    let times = try Repetition(.duration(.milliseconds(500)), warmUp: 0).run {
      turns += 1
      if turns == 1 { try Deadline(after: .milliseconds(500)).sleep() }
      return (1, 1)
    }
    #expect(times.first.count == 10)
  }

  @Test("Iterations stop at five times the duration, and a long warm-up ends with the duration")
  func slowTurns() throws {
    var turns = 0
    let times = try Repetition(.duration(.milliseconds(5)), warmUp: 1000).run {
      turns += 1
      try Deadline(after: .milliseconds(25)).sleep()
      return (1, 1)
    }
    #expect(times.first.count == 1 && turns == 2)
  }

  @Test("An error of an iteration ends the repetition")
  func error() {
    #expect(throws: NotMeasurable.self) {
      _ = try Repetition(.count(10), warmUp: 0).run { throw NotMeasurable("no") }
    }
  }
}

@Suite("Caching of a mapping")
struct CachingTests {
  @Test(
    "Caching follows from the rates of reading and writing",
    arguments: [
      // Like ordinary memory, for any rate of writing.
      (5000, 5000, CPUCaching.cached), (1250, 90, .cached),
      // Memory of a GPU: written in bursts, read word by word.
      (120, 3000, .writeCombined), (300, 1200, .writeCombined),
      // Memory for a device without coherence.
      (120, 250, .uncached), (300, 1199, .uncached), (1, 1, .uncached), (0, 0, .writeCombined),
    ] as [(UInt64, UInt64, CPUCaching)])
  func verdict(_ reading: UInt64, _ writing: UInt64, _ caching: CPUCaching) {
    #expect(CPUCaching(reading: reading, writing: writing, ordinaryReading: 5000) == caching)
  }

  @Test("A buffer that was read and written has the written byte")
  func passes() {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4099, alignment: 8)
    defer { unsafe bytes.deallocate() }
    unsafe CPUBandwidth.write(bytes)
    unsafe CPUBandwidth.read(UnsafeRawBufferPointer(bytes))
    #expect(unsafe Set(bytes) == [0x5a])
  }
}

@Suite("Processors")
struct ProcessorTests {
  @Test("A processor that does not exist is refused", arguments: [-1, 60_000, 65_535, 65_536, Int.max])
  func missing(_ number: Int) {
    #expect(throws: KernelError(.sched_setaffinity, on: "processor \(number)", errno: .invalidArgument)) {
      try Processor.stay(on: number)
    }
  }

  @Test("The processors that may be used are listed")
  func allowed() throws {
    #expect(try #require(Processor.allowed).contains(try Regex("^[0-9]+([-,][0-9]+)*$")))
  }
}

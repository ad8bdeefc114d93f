// SPDX-License-Identifier: MIT
import DMABuf

enum Units {
  /// `8M`, `12.5M`, `100B`: binary multiples, exact where possible.
  static func size(_ bytes: UInt64) -> String {
    let units: [(String, UInt64)] = [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]
    for (letter, unit) in units where bytes >= unit {
      if bytes % unit == 0 { return "\(bytes / unit)\(letter)" }
      let tenths = (bytes / (unit / 1024) * 10 + 512) / 1024
      return "\(tenths / 10).\(tenths % 10)\(letter)"
    }
    return "\(bytes)B"
  }

  /// `81 µs`, `1.2 ms`, `3.4 s`.
  static func time(_ nanoseconds: UInt64) -> String {
    switch nanoseconds {
    case ..<1_000: "\(nanoseconds) ns"
    case ..<1_000_000: tenths(nanoseconds, per: 1_000) + " µs"
    case ..<1_000_000_000: tenths(nanoseconds, per: 1_000_000) + " ms"
    default: tenths(nanoseconds, per: 1_000_000_000) + " s"
    }
  }

  /// `81ns`, `1.23ms`, `45.6ms`, `3.4s`: three digits, for columns that are read side by side.
  static func shortTime(_ nanoseconds: UInt64) -> String {
    let units: [(String, UInt64)] = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)]
    for (name, unit) in units where nanoseconds >= unit {
      let places = nanoseconds >= 100 * unit ? 0 : nanoseconds >= 10 * unit ? 1 : 2
      return decimal(nanoseconds, per: unit, places: places) + name
    }
    return "\(nanoseconds)ns"
  }

  private static func decimal(_ number: UInt64, per unit: UInt64, places: Int) -> String {
    let scale: UInt64 = [1, 10, 100][places]
    let scaled = number / unit * scale + (number % unit * scale + unit / 2) / unit
    return "\(scaled / scale)" + (places > 0 ? "." + (scaled % scale).digits(places) : "")
  }

  /// `12.345678`: a moment in seconds since boot, as in the kernel's log.
  static func moment(_ nanoseconds: UInt64) -> String {
    "\(nanoseconds / 1_000_000_000)." + (nanoseconds % 1_000_000_000 / 1_000).digits(6)
  }

  /// `12 s`, `5 min`, `3 h`, `9 d`: an age.
  static func age(_ nanoseconds: UInt64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    return switch seconds {
    case ..<100: "\(seconds) s"
    case ..<6_000: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3_600) h"
    default: "\(seconds / 86_400) d"
    }
  }

  /// `1 buffer`, `2 buffers`.
  static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(number) " + (number == 1 ? noun : plural ?? noun + "s")
  }

  /// `camera(4711)`, with `?` for an unknown name.
  static func process(_ command: UntrustedText?, _ pid: Int32) -> String {
    "\(command?.escaped ?? "?")(\(pid < 0 ? "?" : "\(pid)"))"
  }

  /// The same for text from an earlier report.
  static func process(_ command: String?, _ pid: Int32) -> String {
    process(command.map { UntrustedText($0.utf8) }, pid)
  }

  /// `12.3 GB/s`: decimal multiples, as usual for bandwidth.
  static func rate(_ bytesPerSecond: UInt64) -> String {
    switch bytesPerSecond {
    case ..<1_000_000: tenths(bytesPerSecond, per: 1_000) + " kB/s"
    case ..<1_000_000_000: tenths(bytesPerSecond, per: 1_000_000) + " MB/s"
    default: tenths(bytesPerSecond, per: 1_000_000_000) + " GB/s"
    }
  }

  /// `41.2 dB`.
  static func decibels(_ ratio: Double) -> String { tenths(UInt64(max(0, ratio) * 1000), per: 1000) + " dB" }

  /// `xxh3:` followed by 16 digits.
  static func checksum(_ value: UInt64) -> String { "xxh3:" + value.digits(16, radix: 16) }

  private static func tenths(_ number: UInt64, per unit: UInt64) -> String {
    let tenths = (number / (unit / 100) + 5) / 10
    return "\(tenths / 10).\(tenths % 10)"
  }
}

// SPDX-License-Identifier: MIT
import Glibc

/// The time of day, as text.
package enum TimeOfDay {
  /// `2026-11-27T17:53:46.123456Z`: a moment in nanoseconds since 1970, in UTC.
  ///
  /// Corresponds to `gmtime_r(3)`.
  package static func utc(_ nanoseconds: UInt64) -> String {
    var seconds = time_t(truncatingIfNeeded: nanoseconds / 1_000_000_000)
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    let date = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map { padded($0) }
    let time = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0) }
    let fraction = String(1_000_000 + nanoseconds % 1_000_000_000 / 1_000).dropFirst()
    return date.joined(separator: "-") + "T" + time.joined(separator: ":") + ".\(fraction)Z"
  }

  private static func padded(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

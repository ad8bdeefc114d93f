// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

/// What `/proc/PID/stat` tells of a process.
package struct ProcessStatus {
  package let isKernelThread: Bool
  /// The start time of the process, in clock ticks of `CLOCK_BOOTTIME`.
  package let start: UInt64?

  package init?(in directory: borrowing Directory) {
    guard let text = try? SmallFile.read("stat", in: directory) else { return nil }
    self.init(parsing: text)
  }

  /// Parses `PID (COMM) STATE PPID PGRP SESSION TTY TPGID FLAGS …`. COMM can contain any bytes, and ends at the last
  /// closing parenthesis.
  package init?(parsing text: some BidirectionalCollection<UInt8>) {
    guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = text[end...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    guard fields.count > 7 else { return nil }
    let kernelThread: UInt64 = 0x0020_0000  // PF_KTHREAD
    isKernelThread = (Digits.number(fields[7]) ?? 0) & kernelThread != 0
    start = fields.count > 20 ? Digits.number(fields[20]) : nil
  }

  /// The present time on the clock of ``start``.
  package static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    let ticks = UInt64(max(1, sysconf(CInt(_SC_CLK_TCK))))
    return UInt64(time.tv_sec) * ticks + UInt64(time.tv_nsec) * ticks / 1_000_000_000
  }
}

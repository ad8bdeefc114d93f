// SPDX-License-Identifier: MIT
import DMABuf
import Glibc
import SystemPackage

extension Census.Process {
  /// Reads the properties of a process through its directory in `/proc`. Reads fail once the process has ended, and
  /// never return the data of another process.
  init(_ pid: Int32, in directory: borrowing Directory) {
    self.init(pid: pid)
    if let bytes = try? SmallFile.read("comm", in: directory) {
      command = UntrustedText(bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...])
    }
    if let text = try? SmallFile.read("cgroup", in: directory) { controlGroup = ControlGroup(parsing: text) }
    // The process's name comes earlier in the file, with escaped newlines.
    let status = (try? SmallFile.read("status", in: directory)).map { String(decoding: $0, as: UTF8.self) }
    let users = status?.split(scalar: "\n").first { $0.hasPrefix("Uid:\t") }?.split(scalar: "\t")
    user = users.flatMap { $0.count > 1 ? UInt32($0[1]) : nil }
    let limits = (try? SmallFile.read("limits", in: directory)).map { String(decoding: $0, as: UTF8.self) }
    let limit = limits?.split(scalar: "\n").first { $0.hasPrefix("Max open files ") }
    openFileLimit = limit.flatMap { $0.split(scalar: " ").dropFirst(3).first }.flatMap { UInt64($0) }
    var information = stat()
    // The size is the number of descriptors since Linux 6.2; 0 before.
    if unsafe fstatat(directory.descriptor, "fd", &information, 0) == 0, information.st_size > 0 {
      openFiles = UInt64(information.st_size)
    }
  }
}

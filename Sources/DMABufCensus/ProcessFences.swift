// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// The fences in the sync_files of one process, counted by driver and timeline.
///
/// Each sync_file is duplicated with `pidfd_getfd(2)` and read with `SYNC_IOC_FILE_INFO`, so the caller needs the right
/// to trace the process.
public struct ProcessFences: Equatable, Sendable {
  /// The timeline of a fence. Both names are `nil` if Linux has dropped the names of a signalled fence.
  public struct Timeline: Hashable, Sendable {
    /// The driver that signals the fences.
    public let driver: UntrustedText?
    /// The driver's name of the timeline.
    public let timeline: UntrustedText?
  }

  /// The number of sync_files with a fence of each timeline.
  public private(set) var files: [Timeline: Int] = [:]
  /// The number of sync_files that could not be read.
  public private(set) var unread = 0

  /// Reads the newest sync_files of process `pid`, at most `limit`.
  public init(of pid: Int32, limit: Int = 256) {
    let names = (try? Directory("/proc/\(pid)/fd").names()) ?? []
    for number in names.compactMap({ Int32($0) }).sorted(by: >) {
      guard (try? DescriptorKind.of(descriptor: number, process: pid)) == .syncFile else { continue }
      guard files.values.reduce(unread, +) < limit else { return }
      do {
        let file = try SyncFile(OpenFile(OwnedDescriptor(takenFrom: pid, number), name: "\(pid):\(number)"))
        let fences = try file.information().fences
        for timeline in Set(fences.map({ Timeline(driver: $0.driver, timeline: $0.timeline) })) {
          files[timeline, default: 0] += 1
        }
      } catch {
        unread += 1
      }
    }
  }
}

// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// sync_files, and the timelines that create them for tests.
extension ConformanceCheck {
  static let syncFiles: [ConformanceCheck] = [
    .init("C61", "merge accepts no flags", on: .machine, expect: "EINVAL EINVAL") { context in
      let file = try signalled(context)
      return answers(RawSyncFile.merge(file, file, flags: 1), RawSyncFile.merge(file, file, pad: 1))
    },
    .init("C62", "merge accepts only sync_files", on: .machine, expect: "ENOENT ENOENT") { context in
      let file = try signalled(context)
      let null = try Raw.open("/dev/null", O_RDWR).orEnd("open")
      return answers(RawSyncFile.merge(file, -1), RawSyncFile.merge(file, null))
    },
    .init(
      "C63", "two signalled files merge into one signalled fence", on: .machine, expect: "1 fence, status 1, named"
    ) {
      context in
      let file = try signalled(context)
      let merged = try RawSyncFile.merge(file, try signalled(context), name: "both").orEnd("SYNC_IOC_MERGE")
      let information = RawSyncFile.describe(merged).1
      let name = information.text(0, 32) == "both" ? "named" : information.text(0, 32)
      return "\(RawSyncFile.count(merged)) fence, status \(RawSyncFile.status(merged)), \(name)"
    },
    .init(
      "C64", "FILE_INFO accepts no flags, and needs memory for the fences", on: .machine,
      expect: "EINVAL EINVAL EFAULT"
    ) {
      context in
      let file = try signalled(context)
      return answers(
        RawSyncFile.describe(file, flags: 1).0, RawSyncFile.describe(file, pad: 1).0,
        RawSyncFile.describe(file, count: 1).0)
    },
    .init(
      "C68", "a deadline can be set", on: .machine, expect: .versions("ENOTTY ENOTTY", "ok EINVAL", "ok EINVAL")
    ) { context in
      let file = try signalled(context)
      return answers(RawSyncFile.setDeadline(file, 1), RawSyncFile.setDeadline(file, 1, pad: 1))
    },
    .init("C73", "a signalled file is readable, never writable", on: .machine, expect: "1") { context in
      "\(Raw.poll(try signalled(context), POLLIN | POLLOUT))"
    },
  ]

  static let testFences: [ConformanceCheck] = [
    .init(
      "C65", "FILE_INFO needs room for all fences or none", on: .machine, needs: [.swSync], expect: "EINVAL, ok 2"
    ) { _ in
      let (first, second) = (try Timeline(), try Timeline())
      let merged = try RawSyncFile.merge(try first.fence(1), try second.fence(1)).orEnd("SYNC_IOC_MERGE")
      let roomy = RawSyncFile.fences(merged, room: 8)
      return "\(RawSyncFile.fences(merged, room: 1).0), \(roomy.0) \(roomy.count)"
    },
    .init(
      "C66", "a merge retains only the later fence of a timeline", on: .machine, needs: [.swSync],
      expect: "1, pending"
    ) { _ in
      let timeline = try Timeline()
      let merged = try RawSyncFile.merge(try timeline.fence(1), try timeline.fence(5)).orEnd("SYNC_IOC_MERGE")
      timeline.advance(4)
      return "\(RawSyncFile.count(merged)), " + (RawSyncFile.status(merged) == 0 ? "pending" : "signalled")
    },
    .init(
      "C67", "a signalled fence has no driver name", on: .machine, needs: [.swSync],
      expect: .versions("sw_sync", "sw_sync", "detached-driver")
    ) { _ in
      let timeline = try Timeline()
      let fence = try timeline.fence(1)
      timeline.advance(1)
      return RawSyncFile.fences(fence, room: 1).driver
    },
    .init(
      "C69", "the earliest deadline applies", on: .machine, needs: [.swSync],
      expect: .versions("ENOTTY ENOTTY", "5000 ENOENT", "5000 ENOENT")
    ) { _ in
      let timeline = try Timeline()
      let fence = try timeline.fence(1)
      for nanoseconds: UInt64 in [5000, 9000] { _ = RawSyncFile.setDeadline(fence, nanoseconds) }
      return "\(timeline.deadline(of: fence)) \(timeline.deadline(of: try timeline.fence(2)))"
    },
    .init("C70", "closing a timeline fails its pending fences", on: .machine, needs: [.swSync], expect: "-2, 1") {
      _ in
      let timeline = try Timeline()
      let fence = try timeline.fence(1)
      close(timeline.descriptor)
      return "\(RawSyncFile.status(fence)), \(Raw.poll(fence, POLLIN))"
    },
    .init("C71", "a fence more than 2^31 ahead counts as signalled", on: .machine, needs: [.swSync], expect: "1") {
      _ in
      let timeline = try Timeline()
      timeline.advance(1)
      return "\(RawSyncFile.status(try timeline.fence(0x8000_0001)))"
    },
    .init(
      "C72", "creating a test fence taints the kernel", on: .machine, needs: [.swSync, .root],
      expect: .versions("clear", "clear", "set")
    ) { _ in
      _ = try Timeline().fence(1)
      return (SmallFile.number("/proc/sys/kernel/tainted") ?? 0) & 1 << 14 == 0 ? "clear" : "set"
    },
  ]

  /// Exports a signalled sync_file from an idle buffer.
  private static func signalled(_ context: CheckContext) throws -> CInt {
    try Raw.exportFences(try context.buffer(), 1).orEnd("EXPORT_SYNC_FILE")
  }
}

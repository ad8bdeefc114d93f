// SPDX-License-Identifier: MIT
import Glibc

@testable import DMABuf
@testable import DMABufCensus
@testable import DMABufHost
@testable import DMABufTool

/// A tree of the files that a census and other commands read, each with bytes of the input. Then every form of the
/// report is printed.
final class MachineUnderTest: @unchecked Sendable {
  static let shared = MachineUnderTest()

  private let root: String
  private static let files = [
    "proc/7/fdinfo/3", "proc/7/status", "proc/7/stat", "proc/7/comm", "proc/7/cgroup", "proc/7/maps",
    "sys/kernel/debug/dma_buf/bufinfo", "sys/kernel/dmabuf/buffers/9/size",
    "sys/kernel/dmabuf/buffers/9/exporter_name", "proc/meminfo", "proc/sys/kernel/random/boot_id", "etc/passwd",
    "etc/os-release", "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "proc/devices", "proc/mounts",
    "proc/7/mountinfo", "proc/sys/fs/file-nr",
  ]

  private init() {
    let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    root = "\(directory)/dmabuf-fuzz-\(getpid())"
    for file in Self.files { Self.makeDirectories(root + "/" + file) }
    Self.makeDirectories(root + "/proc/7/fd/3")
    _ = unsafe symlink("/dmabuf:", root + "/proc/7/fd/3")
  }

  private static func makeDirectories(_ path: String) {
    for (index, character) in zip(path.indices, path) where character == "/" && index != path.startIndex {
      _ = unsafe mkdir(String(path[..<index]), 0o700)
    }
  }

  func look(at parts: [ArraySlice<UInt8>]) throws {
    for (file, bytes) in zip(Self.files, parts) {
      let descriptor = unsafe open(root + "/" + file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      defer { close(descriptor) }
      _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }
    _ = MemoryInformation(root: root)
    _ = MemoryInformation.hugePages(of: 2 << 20, root: root)
    _ = Users.name(of: 0, root: root)
    _ = Users.number(of: "root", root: root)
    _ = Machine.current(root: root)
    var request = Census.Query()
    request.threads = 1
    request.mayLoadPrograms = false
    request.wantsAttachments = true
    let census = Census(root: root, request)
    for grouping in StatView.Grouping.allCases {
      var view = StatView(grouping)
      view.showsFences = true
      let report = StatReport(census, StatSelection(), view)
      let text = report.text(style: Style(isColored: false, width: 100))
      precondition(text.unicodeScalars.allSatisfy { $0 == "\n" || UntrustedText.isVisible($0) })
      if grouping == .buffer {
        _ = try StatSnapshot(parsing: Array(report.json().utf8), from: "this report")
        _ = StatMetrics(report, isTerminal: true).text
        _ = StatGraph(report).text
      }
    }
  }
}

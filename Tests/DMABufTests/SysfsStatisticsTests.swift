// SPDX-License-Identifier: MIT
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufCensus

@Suite("Buffers of sysfs")
struct SysfsStatisticsTests {
  static let directory = "sys/kernel/dmabuf/buffers"

  @Test(
    "The buffers are those of the kernel's list in debugfs, with its sizes and exporters",
    arguments: Recording.all.filter(\.hasStatistics))
  func recorded(_ recording: Recording) throws {
    let buffers = try SysfsStatistics.buffers(root: recording.root).sorted { $0.inode < $1.inode }
    let rows = recording.rows.sorted { $0.inode < $1.inode }
    #expect(buffers.map(\.inode) == rows.map(\.inode))
    #expect(buffers.map(\.size) == rows.map(\.size))
    #expect(buffers.map { $0.exporter?.bytes } == rows.map(\.exporter))
  }

  @Test(
    "Without the directory, the error is that it does not exist",
    arguments: Recording.each("unnamed").filter { !$0.hasStatistics })
  func absent(_ recording: Recording) {
    #expect(
      throws: CensusError.refused(
        KernelError(.open, on: recording.root + SysfsStatistics.directory, errno: .noSuchFileOrDirectory))
    ) { try SysfsStatistics.buffers(root: recording.root) }
  }

  @Test("An empty directory has no buffers")
  func empty() throws {
    let tree = try TemporaryTree()
    try tree.directory(Self.directory)
    #expect(try SysfsStatistics.buffers(root: tree.root).isEmpty)
  }

  @Test("A buffer that was freed while the directory was read is skipped")
  func vanished() throws {
    let tree = try TemporaryTree()
    try tree.directory(Self.directory + "/4")
    try tree.file(Self.directory + "/5/size", "4096\n")
    #expect(try SysfsStatistics.buffers(root: tree.root).map(\.inode) == [5])
  }

  @Test("Entries that are not inode numbers are skipped", arguments: ["x", "-1", "1a", "18446744073709551616"])
  func otherEntries(_ name: String) throws {
    let tree = try TemporaryTree()
    try tree.file(Self.directory + "/\(name)/size", "4096\n")
    #expect(try SysfsStatistics.buffers(root: tree.root).isEmpty)
  }

  @Test("An invalid size is unknown, and the exporter is still read")
  func oddSize() throws {
    let tree = try TemporaryTree()
    try tree.file(Self.directory + "/6/size", "many\n")
    try tree.file(Self.directory + "/6/exporter_name", "system\n")
    let buffer = try #require(SysfsStatistics.buffers(root: tree.root).first)
    #expect(buffer.size == nil && buffer.exporter?.string == "system")
  }
}

@Suite("Free memory")
struct MemoryInformationTests {
  /// The value of a line of meminfo, in bytes.
  static func meminfo(_ recording: Recording, _ key: String) -> UInt64? {
    let text = String(decoding: recording.data("proc/meminfo"), as: UTF8.self)
    guard let match = text.firstMatch(of: try! Regex("(?m)^\(key): +([0-9]+) kB$")) else { return nil }
    return UInt64(match.output[1].substring!)! * 1024
  }

  @Test("MemAvailable is read in bytes", arguments: Recording.each("unnamed"))
  func available(_ recording: Recording) throws {
    let expected = try #require(Self.meminfo(recording, "MemAvailable"))
    #expect(MemoryInformation(root: recording.root).available == expected)
  }

  @Test(
    "CmaTotal and CmaFree are read if the kernel has contiguous memory",
    arguments: Recording.each("unnamed").filter { meminfo($0, "CmaTotal") != nil })
  func contiguous(_ recording: Recording) {
    let information = MemoryInformation(root: recording.root)
    let total = Self.meminfo(recording, "CmaTotal")
    #expect(information.cmaTotal == (total == 0 ? nil : total))
    #expect(information.cmaFree == (total == 0 ? nil : Self.meminfo(recording, "CmaFree")))
  }

  @Test("A kernel without contiguous memory has none free either")
  func noContiguousMemory() throws {
    let tree = try TemporaryTree()
    try tree.file("proc/meminfo", "MemAvailable:  100 kB\nCmaTotal:  0 kB\nCmaFree:  0 kB\n")
    let information = MemoryInformation(root: tree.root)
    #expect(information.cmaTotal == nil && information.cmaFree == nil)
  }

  @Test("Without meminfo all values are unknown")
  func absent() {
    #expect(MemoryInformation(root: "/nonexistent").available == nil)
  }

  @Test("A pool of huge pages has its free and total pages")
  func hugePages() throws {
    let tree = try TemporaryTree()
    try tree.file("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "3\n")
    try tree.file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "8\n")
    let pool = MemoryInformation.hugePages(of: 2 << 20, root: tree.root)
    #expect(pool?.free == 3 && pool?.total == 8)
  }

  @Test("A page size without a pool has none")
  func noPool() {
    #expect(MemoryInformation.hugePages(of: 1 << 30, root: "/nonexistent") == nil)
  }

  @Test("The sizes of huge pages are those that the kernel has pools for, in ascending order")
  func hugePageSizes() throws {
    let tree = try TemporaryTree()
    for size in ["1048576", "64", "32768", "2048"] {
      try tree.file("sys/kernel/mm/hugepages/hugepages-\(size)kB/nr_hugepages", "0\n")
    }
    try tree.file("sys/kernel/mm/hugepages/hugepages-99999999999999999999kB/nr_hugepages", "0\n")
    #expect(MemoryInformation.hugePageSizes(root: tree.root) == [65536, 2_097_152, 33_554_432, 1_073_741_824])
    #expect(MemoryInformation.hugePageSizes(root: "/nonexistent") == [])
  }

  @Test("A CMA heap has the free and total memory of its own area")
  func cmaArea() throws {
    let tree = try TemporaryTree()
    let areas = ["camera": (3, 4), "reserved": (5, 8)]
    for (name, pages) in areas {
      try tree.file("sys/kernel/mm/cma/\(name)/available_pages", "\(pages.0)\n")
      try tree.file("sys/kernel/mm/cma/\(name)/total_pages", "\(pages.1)\n")
    }
    let page = UInt64(Mapping.pageSize)
    let camera = DMAHeap.cmaArea(of: "camera", root: tree.root)
    #expect(camera?.free == 3 * page && camera?.total == 4 * page)
    // The area is called `reserved`, whatever the heap is called.
    #expect(DMAHeap.cmaArea(of: "default_cma_region", root: tree.root)?.total == 8 * page)
    #expect(DMAHeap.cmaArea(of: "system", root: tree.root) == nil)
  }

  @Test("The limit of udmabuf is in MiB", arguments: Recording.each("unnamed"))
  func sizeLimit(_ recording: Recording) {
    let text = String(decoding: recording.data("sys/module/udmabuf/parameters/size_limit_mb"), as: UTF8.self)
    let limit = UInt64(text.trimmingPrefix(" ").prefix { $0.isNumber })
    #expect(UDMABuf.sizeLimit(root: recording.root) == limit.map { $0 * 1_048_576 })
  }

  /// No kernel of the lab has attachments. The tree follows the text of
  /// `Documentation/ABI/testing/sysfs-kernel-dmabuf-buffers` before attachments were removed from it.
  @Test("Attached devices are read if the kernel has attachments")
  func attachments() throws {
    let tree = try TemporaryTree()
    let path = "sys/kernel/dmabuf/buffers"
    for inode in [5, 6] {
      try tree.file("\(path)/\(inode)/size", "4096\n")
      try tree.file("\(path)/\(inode)/exporter_name", "system\n")
      try tree.directory("\(path)/\(inode)/attachments")
    }
    for (uid, device) in [(1, "fe800000.rkisp"), (2, "fde40000.npu")] {
      try tree.file("\(path)/5/attachments/\(uid)/map_counter", "1\n")
      try tree.link("\(path)/5/attachments/\(uid)/device", "../../../../../../devices/platform/\(device)")
    }
    let buffers = Census(root: tree.root).buffers
    #expect(buffers.map { $0.devices?.map(\.string) } == [["fe800000.rkisp", "fde40000.npu"], []])
  }
}

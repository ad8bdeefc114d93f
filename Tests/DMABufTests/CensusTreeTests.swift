// SPDX-License-Identifier: MIT
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufCensus

/// Oddities that a running machine has only for moments, or that an attacker has created.
@Suite("Census of odd trees")
struct CensusTreeTests {
  static func fileInformation(inode: Int) -> String { "pos:\t0\nflags:\t0100002\nmnt_id:\t30\nino:\t\(inode)\n" }

  static func maps(_ lines: (inode: Int, path: String)...) -> String {
    lines.enumerated().map { index, line in
      let start = 0x7f00_0000_0000 + index * 0x2000
      let range = String(start, radix: 16) + "-" + String(start + 0x1000, radix: 16)
      return "\(range) rw-s 00000000 00:08 \(line.inode)                         \(line.path)\n"
    }.joined()
  }

  @Test("fdinfo shows that a file with the name of a dma-buf is not a dma-buf")
  func fileNamedAlike() throws {
    let tree = try TemporaryTree()
    try tree.process(10, link: "/dmabuf:x", fdinfo: Self.fileInformation(inode: 5))
    #expect(Census(root: tree.root).buffers.isEmpty)
  }

  @Test(
    "Links with other names are ignored for any fdinfo",
    arguments: ["/dmabuf", "/dmabufx:a", "/tmp/dmabuf:a", "dmabuf:a", "anon_inode:sync_file", "/dev/null"])
  func otherLinks(_ target: String) throws {
    let tree = try TemporaryTree()
    try tree.process(10, link: target, fdinfo: .fdinfo(inode: 5))
    #expect(Census(root: tree.root).buffers.isEmpty)
  }

  @Test("A descriptor that was closed before its fdinfo was read is skipped")
  func closedMeanwhile() throws {
    let tree = try TemporaryTree()
    try tree.process(10, link: "/dmabuf:gone", fdinfo: nil)
    let census = Census(root: tree.root)
    #expect(census.buffers.isEmpty && census.refused.isEmpty)
  }

  @Test("A process that ended before its files were read is not a refusal")
  func endedMeanwhile() throws {
    let tree = try TemporaryTree()
    try tree.directory("proc/10")
    try tree.process(11, fdinfo: .fdinfo(inode: 3))
    let census = Census(root: tree.root)
    #expect(census.refused.isEmpty && census.buffers.map(\.inode) == [3])
  }

  @Test("A process that cannot be read for another reason is a refusal")
  func refused() throws {
    let tree = try TemporaryTree()
    try tree.file("proc/10/fd", "not a directory")
    let refused = Census(root: tree.root).refused
    #expect(refused.map(\.errno) == [.notDirectory])
  }

  @Test("Kernel threads have no files, so a refusal hides nothing")
  func kernelThread() throws {
    let tree = try TemporaryTree()
    try tree.file("proc/2/fd", "not a directory")
    try tree.file("proc/2/stat", "2 (k) S 3 (x) S 0 0 0 0 -1 2129984 0 0\n")  // PF_KTHREAD, and ") S" in its name
    #expect(Census(root: tree.root).refused.isEmpty)
  }

  @Test("Names in /proc that are not process ids are ignored")
  func otherNames() throws {
    let tree = try TemporaryTree()
    try tree.directory("proc")
    for name in ["self", "sys", "1x", "-1x"] { try tree.file("proc/\(name)/fd", "not a directory") }
    #expect(Census(root: tree.root).refused.isEmpty)
  }

  @Test("A buffer's descriptors in several processes are one buffer")
  func joined() throws {
    let tree = try TemporaryTree()
    for pid in [12, 10, 11] {
      try tree.process(pid, link: "/dmabuf:a", fdinfo: .fdinfo(inode: 5, count: 3, name: "a"))
    }
    let buffers = Census(root: tree.root).buffers
    #expect(buffers.map(\.inode) == [5] && buffers.first?.holders.map(\.pid) == [10, 11, 12])
  }

  @Test("A process may have any name")
  func hostileCommand() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: .fdinfo(inode: 5))
    try tree.file("proc/10/comm", "a\nb\u{1b}\n")
    #expect(Census(root: tree.root).processes[10]?.command == UntrustedText("a\nb\u{1b}".utf8))
  }

  @Test("A process whose name cannot be read is listed without a name")
  func noCommand() throws {
    let tree = try TemporaryTree()
    try tree.link("proc/10/fd/3", "/dmabuf:")
    try tree.file("proc/10/fdinfo/3", .fdinfo(inode: 5))
    let census = Census(root: tree.root)
    #expect(census.buffers.first?.holders.map(\.pid) == [10] && census.processes[10]?.command == nil)
  }

  // MARK: Mappings

  @Test("Mappings are found on both sides of each 64 KiB of a long maps file")
  func longMaps() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: nil)
    let other = Self.maps((7, "/usr/lib/library.so"))
    let mapping = Self.maps((9, "/dmabuf:a"))
    try tree.file("proc/10/maps", String(repeating: String(repeating: other, count: 9) + mapping, count: 400))
    #expect(Census(root: tree.root).buffers.first?.holders.first?.mappings == 400)
  }

  @Test("A line of maps longer than the read buffer does not hide the next line")
  func longLine() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: nil)
    let long = Self.maps((7, "/" + String(repeating: "x", count: 200_000)))
    try tree.file("proc/10/maps", long + Self.maps((9, "/dmabuf:a")))
    #expect(Census(root: tree.root).buffers.map(\.inode) == [9])
  }

  @Test("A mapped file whose path has ` /dmabuf:` in its middle is not a dma-buf")
  func pathWithinPath() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: nil)
    try tree.file("proc/10/maps", Self.maps((77, "/tmp/directory /dmabuf:x")))
    #expect(Census(root: tree.root).buffers.isEmpty)
  }

  @Test("map_files shows that a mapped file with the path of a dma-buf is not a dma-buf")
  func fileMappedAlike() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: nil)
    try tree.file("proc/10/maps", Self.maps((77, "/dmabuf:x")))
    try tree.file("proc/10/map_files/7f0000000000-7f0000001000", "")
    #expect(Census(root: tree.root).buffers.isEmpty)
  }

  @Test("Lines with the word dmabuf alone are not mappings", arguments: ["/tmp/dmabuf:x", "/dmabuf", "[dmabuf:]"])
  func otherMappings(_ path: String) throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: nil)
    try tree.file("proc/10/maps", Self.maps((77, path)))
    #expect(Census(root: tree.root).buffers.isEmpty)
  }

  // MARK: Sources

  @Test("Without /proc the census fails with a reason")
  func noProc() throws {
    let tree = try TemporaryTree()
    #expect(
      Census(root: tree.root).failures[.procfs]
        == .refused(KernelError(.open, on: tree.root + "/proc", errno: .noSuchFileOrDirectory)))
    try tree.directory("proc")
    #expect(Census(root: tree.root).failures[.procfs] == .noProcesses(tree.root + "/proc/self"))
  }

  @Test("A requested process that does not exist is a failure")
  func noSuchProcess() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: .fdinfo(inode: 5))
    #expect(Census(root: tree.root, processes: [99]).failures[.procfs] == .noSuchProcess(tree.root + "/proc/99"))
  }

  @Test("The facts of procfs and of sysfs are joined into one buffer")
  func bothSources() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: .fdinfo(inode: 5))
    try tree.file("sys/kernel/dmabuf/buffers/5/size", "4096\n")
    try tree.file("sys/kernel/dmabuf/buffers/6/size", "8192\n")
    #expect(Census(root: tree.root).buffers.map(\.sources) == [[.procfs, .sysfs], [.sysfs]])
  }

  @Test("The census of this machine reads this process")
  func thisMachine() {
    let census = Census(processes: [ProcessIdentity.own])
    #expect(census.failures.isEmpty && census.refused.isEmpty)
  }
}

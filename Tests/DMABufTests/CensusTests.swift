// SPDX-License-Identifier: MIT
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufCensus

/// The census of moments of real kernels. Expected values come from the kernel's list in debugfs, and from the
/// arguments of the processes of the moment.
@Suite("Census of recorded moments")
struct CensusTests {
  static func named(_ name: String, in recording: Recording) throws -> Census.Buffer {
    try #require(Census(root: recording.root).buffers.first { $0.name == UntrustedText(name.utf8) })
  }

  @Test("A census has each buffer that a process holds or the kernel lists, once", arguments: Recording.all)
  func buffers(_ recording: Recording) {
    let held = recording.descriptors.compactMap { DescriptorInformation(parsing: $0.information)?.inode }
    let listed = recording.hasStatistics ? recording.rows.map(\.inode) : []
    let expected = Set(held + recording.mappings.map(\.inode) + listed)
    #expect(Census(root: recording.root).buffers.map(\.inode) == expected.sorted())
  }

  @Test("The facts of a buffer are those of the kernel's list in debugfs", arguments: Recording.all)
  func facts(_ recording: Recording) throws {
    for buffer in Census(root: recording.root).buffers {
      let row = try #require(recording.rows.first { $0.inode == buffer.inode })
      if let size = buffer.size { #expect(size == row.size) }
      if let exporter = buffer.exporter { #expect(exporter.bytes == row.exporter) }
      if let count = buffer.count {
        #expect(count == row.count)
        #expect(buffer.name?.bytes == row.name)
      }
    }
  }

  @Test("A buffer with a descriptor has known size, exporter and count", arguments: Recording.all)
  func knownWithDescriptors(_ recording: Recording) {
    let held = Census(root: recording.root).buffers.filter { $0.holders.contains { !$0.descriptors.isEmpty } }
    #expect(held.allSatisfy { $0.size != nil && $0.exporter != nil && $0.count != nil })
  }

  @Test("Each descriptor of each process is counted for its buffer", arguments: Recording.all)
  func descriptors(_ recording: Recording) {
    let found = Census(root: recording.root).buffers.flatMap { buffer in
      buffer.holders.flatMap { holder in holder.descriptors.map { "\(buffer.inode) \(holder.pid):\($0)" } }
    }
    let expected = recording.descriptors.map {
      "\(DescriptorInformation(parsing: $0.information)?.inode ?? 0) \($0.pid):\($0.number)"
    }
    #expect(found.sorted() == expected.sorted())
  }

  @Test("Each mapping of each process is counted for its buffer", arguments: Recording.all)
  func mappings(_ recording: Recording) {
    let found = Census(root: recording.root).buffers.flatMap { buffer in
      buffer.holders.flatMap { holder in Array(repeating: "\(buffer.inode) \(holder.pid)", count: holder.mappings) }
    }
    #expect(found.sorted() == recording.mappings.map { "\($0.inode) \($0.pid)" }.sorted())
  }

  @Test("Holders are sorted by process id", arguments: Recording.each("shared"))
  func holderOrder(_ recording: Recording) {
    for buffer in Census(root: recording.root).buffers {
      #expect(buffer.holders.map(\.pid) == buffer.holders.map(\.pid).sorted())
    }
  }

  @Test("No process of a whole tree is reported as refused", arguments: Recording.all)
  func nothingRefused(_ recording: Recording) {
    #expect(Census(root: recording.root).refused.isEmpty)
  }

  @Test("sysfs is used if the kernel has it, and is otherwise reported as absent", arguments: Recording.all)
  func sources(_ recording: Recording) {
    let census = Census(root: recording.root)
    #expect(census.used == (recording.hasStatistics ? [.procfs, .sysfs] : [.procfs]))
    let absence = CensusError.refused(
      KernelError(.open, on: recording.root + "/sys/kernel/dmabuf/buffers", errno: .noSuchFileOrDirectory))
    #expect(census.failures[.sysfs] == (recording.hasStatistics ? nil : absence))
  }

  @Test("The census is the same for any number of threads", arguments: Recording.all)
  func threads(_ recording: Recording) {
    let one = Census(root: recording.root, threads: 1).buffers
    #expect([2, 4, 16].allSatisfy { Census(root: recording.root, threads: $0).buffers == one })
  }

  // MARK: The moments

  @Test("A machine without buffers has an empty census", arguments: Recording.each("no-buffers"))
  func noBuffers(_ recording: Recording) {
    #expect(Census(root: recording.root).buffers.isEmpty)
  }

  @Test("Buffers without a name have no name", arguments: Recording.each("unnamed"))
  func unnamed(_ recording: Recording) {
    let buffers = Census(root: recording.root).buffers
    #expect(!buffers.isEmpty && buffers.allSatisfy { $0.name == nil })
  }

  @Test("The last name counts, also an empty one, and a name has up to 31 bytes", arguments: Recording.each("named"))
  func names(_ recording: Recording) {
    let names = Census(root: recording.root).buffers.map { $0.name?.string ?? "none" }
    #expect(names.sorted() == ["", "abcdefghijklmnopqrstuvwxyz01234", "camera", "renamed scanout"])
  }

  @Test("A duplicated descriptor and a fork are two holders of two descriptors", arguments: Recording.each("shared"))
  func shared(_ recording: Recording) throws {
    let buffer = try Self.named("shared", in: recording)
    #expect(buffer.holders.map(\.descriptors.count) == [2, 2])
  }

  @Test("A buffer that was sent over a socket has two holders", arguments: Recording.each("shared"))
  func sent(_ recording: Recording) throws {
    let buffer = try Self.named("sent", in: recording)
    let words = buffer.holders.map { recording.words(of: $0.pid) }
    #expect(Set(words.map { $0.contains("receive") }) == [true, false])
  }

  @Test(
    "A buffer in flight over a socket has no holder, and only the kernel's list has it",
    arguments: Recording.each("shared"))
  func flying(_ recording: Recording) throws {
    let row = try #require(recording.rows.first { $0.name == Array("flying".utf8) })
    let buffer = Census(root: recording.root).buffers.first { $0.inode == row.inode }
    #expect(buffer?.sources == (recording.hasStatistics ? [.sysfs] : nil))
    #expect(buffer?.holders.isEmpty ?? true)
  }

  @Test(
    "Mappings keep a buffer in the list after all descriptors are closed",
    arguments: Recording.each("mapped-all-closed"))
  func mapped(_ recording: Recording) throws {
    let buffer = try #require(Census(root: recording.root).buffers.first)
    #expect(buffer.holders.map(\.mappings) == [2] && buffer.holders.map(\.descriptors) == [[]])
  }

  @Test(
    "The facts of fdinfo are unknown for a buffer that is only mapped",
    arguments: Recording.each("mapped-all-closed"))
  func mappedUnknown(_ recording: Recording) throws {
    let buffer = try #require(Census(root: recording.root).buffers.first)
    #expect(buffer.count == nil && buffer.name == nil)
    #expect(buffer.size == (recording.hasStatistics ? 16384 : nil))
  }

  @Test("Hostile names are read byte for byte", arguments: Recording.each("hostile-names"))
  func hostileNames(_ recording: Recording) {
    let expected: Set<[UInt8]> = [
      Array("two\nlines".utf8), Array("x\ncount:\t9\nino:\t1".utf8), Array("x\n\nTotal 7 objects, 1 bytes".utf8),
      Array("\u{1b}[31mred\u{1b}[0m\t\u{7f}".utf8), [0xff, 0xfe, 0xc3, 0x28], Array("../../etc (deleted)".utf8),
      Array("map\nped \\012".utf8),
    ]
    #expect(Set(Census(root: recording.root).buffers.compactMap { $0.name?.bytes }) == expected)
  }

  @Test("The command names of processes are read", arguments: Recording.each("named"))
  func commands(_ recording: Recording) {
    let census = Census(root: recording.root)
    let holders = Set(census.buffers.flatMap { $0.holders.map(\.pid) })
    #expect(Set(census.processes.keys) == holders)
    #expect(Set(census.processes.values.map { $0.command?.string }) == ["actor"])
  }

  @Test(
    "A census of one process has only its buffers, without the kernel's list", arguments: Recording.each("shared"))
  func oneProcess(_ recording: Recording) throws {
    let pid = try #require(recording.processes.first { recording.words(of: $0).contains("receive") })
    let census = Census(root: recording.root, processes: [pid])
    #expect(census.buffers.map { $0.name?.string } == ["sent"])
    #expect(census.used == [.procfs])
  }
}
